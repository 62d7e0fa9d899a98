/** A server's process as its operator sees it: started with a configuration, ended by a signal, speaking on its outputs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const fileOf = (path: string): string => fileURLToPath(new URL(`../packages/server/src/${path}`, import.meta.url))

/** How many nodes a server under test has: with MEERKAT_NODES=2 it is two servers in one process, joined by a bad network. */
export const NODES = process.env['MEERKAT_NODES'] === '2' ? 2 : 1
const MAIN = fileOf('main.ts')
const TWO_NODES = fileOf('main/testing/two-nodes.ts')
/** As the command line starts it. */
const FLAGS = JSON.parse(readFileSync(fileOf('../bin/flags.json'), 'utf8')) as string[]
const COMMAND = fileURLToPath(new URL('../packages/server/bin/meerkat.mjs', import.meta.url))

/** How long a server may take to start before it is killed: far more than the slowest machine needs. */
const START_MS = 30_000

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What a command did. */
export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** More of the environment than this process has. */
export type Environment = Readonly<Record<string, string>>

/** Servers that run; a test run that is broken off takes them with it. */
const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))

/** A running server, or one that has ended. */
export class ServerProcess {
  readonly exited: Promise<Exit>
  stdout = ''
  /** The server's log, JSON lines, and what it could not start for. */
  stderr = ''
  readonly #child: ChildProcess

  constructor(args: readonly string[], env: Environment = {}, nodes = 1) {
    this.#child = spawn(process.execPath, [...FLAGS, nodes === 1 ? MAIN : TWO_NODES, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(this.#child)
    this.#child.once('close', () => running.delete(this.#child))
    this.#child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }))
  }

  get pid(): number {
    return this.#child.pid!
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when `text` stands in the standard output. Rejects with what the server said when it ends before, or takes too long. */
  async says(text: string): Promise<void> {
    const late = setTimeout(() => this.#child.kill('SIGKILL'), START_MS)
    try {
      await this.#waitFor(text)
    } finally {
      clearTimeout(late)
    }
  }

  async #waitFor(text: string): Promise<void> {
    const ended = this.exited.then(({ code, signal }) => {
      throw new Error(`the server ended (${code ?? signal}) before it said ${JSON.stringify(text)}:\n${this.stderr}`)
    })
    ended.catch(() => {})
    while (!this.stdout.includes(text)) await Promise.race([once(this.#child.stdout!, 'data'), ended])
  }

  /** Resolves when `text` stands in the log so many times. Rejects when the server ends before. */
  async logs(text: string, times: number): Promise<void> {
    const ended = this.exited.then(() => {
      throw new Error(`the server ended before it logged ${JSON.stringify(text)}`)
    })
    ended.catch(() => {})
    while (this.stderr.split(text).length <= times) await Promise.race([once(this.#child.stderr!, 'data'), ended])
  }

  /** Sends a signal and resolves when the process is gone. */
  async end(signal: NodeJS.Signals): Promise<Exit> {
    if (this.running) this.#child.kill(signal)
    return this.exited
  }

  /** Bytes of memory that the process has in use. */
  residentBytes(): number {
    const pages = Number(readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ')[1])
    return pages * 4096
  }
}

/** Runs the server's program to its end, as for a configuration that cannot work. */
export async function runServer(args: readonly string[], env?: Environment): Promise<CommandResult> {
  const server = new ServerProcess(args, env)
  const { code } = await server.exited
  return { code: code ?? -1, stdout: server.stdout, stderr: server.stderr }
}

/** Runs the command line `meerkat` for the server with this configuration. */
export async function runCommand(args: readonly string[], config: string): Promise<CommandResult> {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: { ...process.env, MEERKAT_CONFIG: config },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code: code ?? -1, stdout, stderr }
}
