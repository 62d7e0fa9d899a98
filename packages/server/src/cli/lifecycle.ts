/** Starting, stopping and watching the server. */
import { spawn } from 'node:child_process'
import { fstatSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type NodeStatus, type SinkTrouble, graphql, nodeStatus, statusOrNone } from './control.ts'
import { CliError, ERROR, type ExitCode, SUCCESS } from './exit.ts'
import type { Place } from './place.ts'

/** How long a start or stop may take, and how often it is looked at, in milliseconds. */
const PATIENCE_MS = 60_000
const LOOK_MS = 50

const configArguments = ({ config }: Place): string[] => (config === undefined ? [] : ['-c', config])

/** What Node is told when it runs the server (see bin/runtime.mjs). */
const nodeFlags = (): string[] =>
  JSON.parse(readFileSync(new URL('../../bin/flags.json', import.meta.url), 'utf8')) as string[]

const mainArguments = (place: Place): string[] => [...nodeFlags(), place.main, ...configArguments(place)]

/**
 * Compiled code is kept in the data folder: without that, reading TypeScript costs time and memory at each start. The folder is made
 * here, since Node would make it one that other users may read.
 */
function mainEnvironment(place: Place): NodeJS.ProcessEnv {
  try {
    makeDataDir(place)
  } catch {
    // The server itself says what is wrong with the folder, in its own words.
  }
  return { NODE_COMPILE_CACHE: join(place.dataDir, 'compile-cache'), ...process.env }
}

const makeDataDir = ({ dataDir }: Place): unknown => mkdirSync(dataDir, { recursive: true, mode: 0o700 })

/** Puts the server in place of this process. */
export function foreground(place: Place): Promise<ExitCode> {
  const args = mainArguments(place)
  const env = mainEnvironment(place)
  // Not on every system.
  if (typeof process.execve === 'function') process.execve(process.execPath, [process.execPath, ...args], defined(env))
  return runMain(args, env)
}

const defined = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))

/** Lets the composition root write a configuration file: `init FILE`. There is no data folder yet. */
export const init = (place: Place, words: readonly string[]): Promise<ExitCode> =>
  runMain([place.main, 'init', ...words], process.env)

/** Lets the composition root look at the configuration and all that it names. */
export const check = (place: Place): Promise<ExitCode> =>
  runMain([place.main, 'check', ...configArguments(place)], mainEnvironment(place))

/** Lets the composition root put a backup in the place of the store: `restore FILE`. */
export const restore = (place: Place, words: readonly string[]): Promise<ExitCode> =>
  runMain([place.main, 'restore', ...words, ...configArguments(place)], mainEnvironment(place))

/** Lets the composition root copy from another server: `migrate mongooseim --from …`. */
export const migrate = (place: Place, words: readonly string[]): Promise<ExitCode> =>
  runMain([place.main, 'migrate', ...words, ...configArguments(place)], mainEnvironment(place))

function runMain(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitCode> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit', env })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
    child.on('error', () => resolve(ERROR))
    child.on('exit', (code) => resolve(code === 0 ? SUCCESS : ERROR))
  })
}

/** Starts the server in the background, and returns once it serves. */
export async function start(place: Place): Promise<ExitCode> {
  if ((await statusOrNone(place.socket)) !== undefined) throw new CliError(ERROR, 'The server is already running')
  makeDataDir(place)
  const log = openSync(place.logFile, 'a', 0o600)
  const { size } = fstatSync(log)
  const child = spawn(process.execPath, mainArguments(place), {
    detached: true,
    stdio: ['ignore', log, log],
    env: mainEnvironment(place),
  })
  let ended = false
  child.on('error', () => (ended = true))
  child.on('exit', () => (ended = true))
  writeFileSync(place.pidFile, `${child.pid}\n`)
  const up = await waitFor(async () => ended || (await statusOrNone(place.socket))?.state === 'started')
  child.unref()
  if (up && !ended) return SUCCESS
  rmSync(place.pidFile, { force: true })
  if (!ended) child.kill()
  const why = ended ? 'The server ended at once' : 'The server did not start in time'
  throw new CliError(ERROR, `${why}. The end of ${place.logFile}:\n${tail(place.logFile, size)}`)
}

/** The last lines of a file behind the first `from` bytes. */
const tail = (file: string, from: number): string =>
  readFileSync(file).subarray(from).toString('utf8').trimEnd().split('\n').slice(-10).join('\n')

/** Stops the server, and returns once it is gone. */
export async function stop(place: Place): Promise<ExitCode> {
  const { pid } = await nodeStatus(place.socket)
  await order(place, 'stop')
  const down = await waitFor(async () => !isAlive(pid) || (await statusOrNone(place.socket)) === undefined)
  if (!down || !(await waitFor(async () => !isAlive(pid))))
    throw new CliError(ERROR, `The server (process ${pid}) has not stopped in time`)
  rmSync(place.pidFile, { force: true })
  return SUCCESS
}

/** Restarts the server, and returns once it serves again. */
export async function restart(place: Place): Promise<ExitCode> {
  const before = await nodeStatus(place.socket)
  await order(place, 'restart')
  const isNew = (now: NodeStatus | undefined) =>
    now?.state === 'started' && (now.pid !== before.pid || now.startedAt !== before.startedAt)
  if (!(await waitFor(async () => isNew(await statusOrNone(place.socket)))))
    throw new CliError(ERROR, `The server has not started again in time: see ${place.logFile}`)
  return SUCCESS
}

async function order(place: Place, field: 'stop' | 'restart'): Promise<void> {
  const { errors } = await graphql(place.socket, `mutation { server { ${field} } }`)
  if (errors?.[0] !== undefined) throw new CliError(ERROR, errors[0].message)
}

/** A process of another user is alive too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Waits until the server serves. */
export async function started(place: Place): Promise<ExitCode> {
  if (await waitFor(async () => (await statusOrNone(place.socket))?.state === 'started')) return SUCCESS
  throw new CliError(ERROR, 'The server has not started in time')
}

/** Waits until no server answers. */
export async function stopped(place: Place): Promise<ExitCode> {
  if (await waitFor(async () => (await statusOrNone(place.socket)) === undefined)) return SUCCESS
  throw new CliError(ERROR, 'The server has not stopped in time')
}

async function waitFor(done: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS
  while (performance.now() < end) {
    if (await done()) return true
    await sleep(LOOK_MS)
  }
  return false
}

/** Prints the state of the server; exit code 0 when it serves, 1 when it does not yet, 3 when there is none. */
export async function status(place: Place): Promise<ExitCode> {
  const now = await nodeStatus(place.socket)
  console.log(statusText(now))
  return now.state === 'started' ? SUCCESS : ERROR
}

/** The state of the server as `status` prints it. */
export function statusText({ node, pid, state, version, uptimeSeconds, logFiles, sinks }: NodeStatus): string {
  const logs =
    logFiles.length === 0 ? ['    logs: standard error'] : ['    logs:', ...logFiles.map((file) => `        ${file}`)]
  return [
    `Meerkat node ${node}:`,
    `    operating system pid: ${pid}`,
    `    VM status: ${state} (of: starting | started | stopping)`,
    `    boot script status: ${state}`,
    `    version: ${version} (as meerkat)`,
    `    uptime: ${uptimeText(uptimeSeconds)}`,
    '    distribution protocol: none',
    ...logs,
    ...sinks.map(sinkLine),
  ].join('\n')
}

/** R10: what the broker says is shown as it is, but on one line and without what a terminal would obey. */
function sinkLine({ name, state, error }: SinkTrouble): string {
  const why = error === '' ? '' : `: ${error.replaceAll(/\p{Cc}+/gu, ' ')}`
  return `    event sink ${name}: ${state}${why}`
}

function uptimeText(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  return `${Math.floor(seconds / 86_400)} days ${two((seconds / 3600) % 24)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`
}
