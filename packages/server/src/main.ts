/** The server process: reads the configuration, starts the server in the foreground, and stops it on a signal. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError, loadConfig, printProblem } from './core/config/index.ts'
import { starterConfig } from './core/config/starter.ts'
import { createLog, errorText } from './core/log.ts'
import type { ProcessControl } from './main/control.ts'
import { knownParts } from './main/known-parts.ts'
import { loadModules } from './main/modules.ts'
import { startServer } from './main/server.ts'

const USAGE = `usage: meerkat foreground [-c FILE]   start the server here (default: ./meerkat.toml, written when missing)
       meerkat init FILE              write a commented starter configuration`

/** A mistake of whoever started the process: told without a stack. */
class UsageError extends Error {}

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === 'init') return init(args[1])
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

/** Runs the server until a signal stops it. */
async function run(file: string, mayWrite: boolean): Promise<void> {
  if (!existsSync(file)) {
    if (!mayWrite) throw new UsageError(`${file} does not exist; "meerkat init ${file}" writes a starter configuration`)
    init(file)
  }
  const modules = await loadModules()
  const config = loadConfig(file, readFileSync(file, 'utf8'), knownParts(modules))
  const log = createLog(config.general.loglevel, { secrets: config.secrets })
  for (const notice of config.notices) log.warn({ what: 'config_notice', notice }, notice)

  // R24: a fault that no one caught costs nobody else anything; it is logged and counted.
  let report = (what: string, error: unknown): void => log.error({ what, error: errorText(error) }, what)
  process.on('uncaughtException', (error) => report('uncaught_exception', error))
  process.on('unhandledRejection', (error) => report('unhandled_rejection', error))

  const ending = new Ending()
  const server = await startServer(config, modules, log, ending)
  report = (what, error) => server.kernel.report(what, error)
  const domains = [...config.hostTypes.values()].flatMap((type) => type.domains)
  process.stdout.write(greeting(server.addresses, domains[0] ?? 'localhost'))
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

  constructor() {
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

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = 1
  process.stderr.write(`${told(error)}\n`)
})
