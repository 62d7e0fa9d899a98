/** What the server process is told to do: reads the configuration, starts the server in the foreground, and stops it on a signal. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError, loadConfig, printProblem } from '../core/config/index.ts'
import { starterConfig } from '../core/config/starter.ts'
import type { Config } from '../core/config/types.ts'
import { KnownSecrets, createLog, errorText } from '../core/log.ts'
import type { ProcessControl } from './control.ts'
import { knownParts } from './known-parts.ts'
import { lineWriter } from './log-output.ts'
import { loadModules } from './modules.ts'
import { SPARE_MS, spare } from '../core/spare.ts'
import { startServer } from './server.ts'
import { optimize } from './unoptimized.ts'

const USAGE = `usage: meerkat foreground [-c FILE]   start the server here (default: ./meerkat.toml, written when missing)
       meerkat init FILE              write a commented starter configuration
       meerkat check [-c FILE]        say what is wrong with the configuration and what it names
       meerkat restore BACKUP [-c FILE]   put a backup in the place of the embedded store
       meerkat migrate mongooseim --from postgres://… [--domain D]... [--dry-run] [--overwrite] [-c FILE]`

/** A mistake of whoever started the process: told without a stack. */
class UsageError extends Error {}

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === 'init') return init(args[1])
  if (args[0] === 'check') return check(configOf(args.slice(1)))
  if (args[0] === 'restore') return restore(args[1], configOf(args.slice(2)))
  if (args[0] === 'migrate') return migrate(args.slice(1))
  const file = args[0] === '-c' ? args[1] : args.length === 0 ? undefined : ''
  if (file === '' || (args[0] === '-c' && file === undefined) || args.length > 2) throw new UsageError(USAGE)
  await run(resolve(file ?? 'meerkat.toml'), file === undefined)
}

function init(file: string | undefined): void {
  if (file === undefined) throw new UsageError(USAGE)
  if (existsSync(file)) throw new UsageError(`${file} is there already`)
  writeFileSync(file, starterConfig())
  process.stdout.write(`wrote ${file}\n`)
}

/** `-c FILE`, or the usual name. */
function configOf(args: readonly string[]): string {
  if (args.length === 0) return resolve('meerkat.toml')
  if (args[0] !== '-c' || args[1] === undefined || args.length > 2) throw new UsageError(USAGE)
  return resolve(args[1])
}

async function reader(file: string): Promise<() => Config> {
  const known = knownParts(await loadModules())
  return () => loadConfig(file, readFileSync(file, 'utf8'), known)
}

async function check(file: string): Promise<void> {
  const { checkServer, printFindings } = await import('./check.ts')
  const findings = await checkServer(await reader(file))
  process.stdout.write(`${printFindings(findings)}\n`)
  if (findings.some(({ state }) => state === 'wrong')) process.exitCode = 1
}

async function restore(source: string | undefined, file: string): Promise<void> {
  if (source === undefined) throw new UsageError(USAGE)
  const { restoreStore } = await import('./restore.ts')
  const config = (await reader(file))()
  try {
    process.stdout.write(`${restoreStore(config, resolve(source))}\n`)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** `-c FILE` stands at the end, as with the other commands. */
async function migrate(words: readonly string[]): Promise<void> {
  const at = words.indexOf('-c') < 0 ? words.length : words.indexOf('-c')
  const file = configOf(words.slice(at))
  const { migrateMongooseim, parseMigrate } = await import('./migrate/index.ts')
  const { printReport } = await import('./migrate/report.ts')
  try {
    const options = parseMigrate(words.slice(0, at))
    const report = await migrateMongooseim((await reader(file))(), options)
    process.stdout.write(`${printReport(report, options)}\n`)
    if (!report.complete) process.exitCode = 1
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** Runs the server until a signal stops it. */
async function run(file: string, mayWrite: boolean): Promise<void> {
  if (!existsSync(file)) {
    if (!mayWrite) throw new UsageError(`${file} does not exist; "meerkat init ${file}" writes a starter configuration`)
    init(file)
  }
  const modules = await loadModules()
  const secrets = new KnownSecrets()
  const readConfig = (): Config => {
    const config = loadConfig(file, readFileSync(file, 'utf8'), knownParts(modules))
    secrets.learn(config.secrets)
    return config
  }
  const config = readConfig()
  const log = createLog(config.general.loglevel, { write: lineWriter(), secrets })
  for (const notice of config.notices) log.warn({ what: 'config_notice', notice }, notice)

  // R24: a fault that no one caught costs nobody else anything; it is logged and counted.
  let report = (what: string, error: unknown): void => log.error({ what, error: errorText(error) }, what)
  process.on('uncaughtException', (error) => report('uncaught_exception', error))
  process.on('unhandledRejection', (error) => report('unhandled_rejection', error))

  const ending = new Ending(readConfig)
  const server = await startServer(config, modules, log, ending)
  report = (what, error) => server.kernel.report(what, error)
  const domains = [...config.hostTypes.values()].flatMap((type) => type.domains)
  process.stdout.write(greeting(server.addresses, domains[0] ?? 'localhost'))
  optimize()
  // Not when everybody has come back after a restart.
  setTimeout(() => server.kernel.directory.size === 0 && spare(), SPARE_MS).unref()
  // As daemons do: read the configuration again.
  process.on('SIGHUP', () => void server.reload())
  const again = await ending.wanted
  process.stdout.write('stopping\n')
  await server.stop()
  process.stdout.write('stopped\n')
  if (again) startAgain()
  // Nothing is left to do; a handle that someone forgot must not keep the process.
  process.exit(0)
}

/** Runs the same command in this terminal or under this supervisor; this process ends when that one does. */
function startAgain(): void {
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  process.execve?.(process.execPath, command, process.env)
}

/** npm hands the terminal's Ctrl-C to the server once more: signals this close together are one wish. Milliseconds. */
const SAME_WISH_MS = 1000

/** How the process is told to end: by a signal, or through the API. */
class Ending implements ProcessControl {
  readonly stop: () => void
  readonly restart: () => void
  /** Resolves when the server is to end; true when it is to start again. */
  readonly wanted: Promise<boolean>

  readonly readConfig: () => Config

  constructor(readConfig: () => Config) {
    this.readConfig = readConfig
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.wanted = promise
    this.stop = () => resolve(false)
    this.restart = () => resolve(true)
    let firstAt: number | undefined
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        firstAt ??= performance.now()
        // A second one does not wait for anyone.
        if (performance.now() - firstAt > SAME_WISH_MS) process.exit(1)
        this.stop()
      })
  }
}

function greeting(addresses: readonly string[], domain: string): string {
  return `Meerkat is running.
${addresses.map((address) => `  ${address}`).join('\n')}

Try next, in another terminal:
  npx meerkat account registerUser --username alice --domain ${domain} --password secret
  npx meerkat stanza sendMessage --from alice@${domain} --to alice@${domain} --body hello
`
}

function told(error: unknown): string {
  if (error instanceof ConfigError) return error.problems.map(printProblem).join('\n')
  if (error instanceof UsageError) return error.message
  return `the server could not start: ${error instanceof Error ? error.message : String(error)}`
}

/** Does what the command line says; what goes wrong is told on the standard error. */
export async function command(args: readonly string[]): Promise<void> {
  await main(args).catch((error: unknown) => {
    process.exitCode = 1
    process.stderr.write(`${told(error)}\n`)
  })
}
