/** Starts and stops a peer on the server's core, and keeps its data apart for each run. Signals only processes that it has started. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Launch, Peer, Profile } from './peers/peer.ts'
import { DOMAIN, certificate, stateFolder } from './state.ts'

/** Which core the server has for itself; everything else is on the other one. */
export const SERVER_CORE = '0'
export const LOAD_CORE = '1'

const START_SECONDS = 60
const STOP_SECONDS = 30

/** When the process started, in ticks: together with its id it names one process for good. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** Sends text over a connection and resolves with what comes until `enough`; undefined when nothing answers. */
function exchange(
  to: { port: number; host: string } | { path: string },
  text: string,
  enough: (said: string) => boolean,
) {
  return new Promise<string | undefined>((resolve) => {
    let said = ''
    const socket = connect(to, () => socket.write(text))
    const done = (answer: string | undefined) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(10_000, () => done(undefined))
    socket.on('data', (data) => {
      said += data.toString('latin1')
      if (enough(said)) done(said)
    })
    socket.on('error', () => done(undefined))
    socket.on('close', () => done(said || undefined))
  })
}

/** One peer on this machine. */
export class Server {
  readonly peer: Peer
  readonly home: string
  #launch: Launch | undefined

  constructor(peer: Peer) {
    this.peer = peer
    this.home = join(stateFolder(), peer.name)
    mkdirSync(this.home, { recursive: true })
  }

  get #pidFile(): string {
    return join(this.home, 'pid')
  }

  get #data(): string {
    return join(this.home, 'data')
  }

  /** The server that was started last, if it still runs. */
  get pid(): number | undefined {
    if (!existsSync(this.#pidFile)) return undefined
    const [pid = '', start] = readFileSync(this.#pidFile, 'utf8').split(' ')
    return startOf(Number(pid)) === start ? Number(pid) : undefined
  }

  /** Starts it and waits until it offers a stream; resolves with the milliseconds that this took. */
  async start(profile: Profile): Promise<number> {
    await this.stop()
    const { port } = this.peer
    if (await this.#answers()) throw new Error(`something else listens on port ${port}, where ${this.peer.name} should`)
    const place = { home: this.home, data: this.#data, port, domain: DOMAIN, certificate: certificate(stateFolder()) }
    const launch = this.peer.prepare(place, profile)
    const log = openSync(join(this.home, 'out.log'), 'w')
    const begin = performance.now()
    const child = spawn('taskset', ['-c', SERVER_CORE, launch.command, ...launch.args], {
      cwd: launch.cwd ?? this.home,
      env: { ...process.env, ...launch.env },
      stdio: ['ignore', log, log],
      detached: true,
    })
    child.unref()
    if (child.pid === undefined) throw new Error(`${launch.command} could not be started`)
    writeFileSync(this.#pidFile, `${child.pid} ${startOf(child.pid)}`)
    this.#launch = launch
    while (!(await this.#answers())) {
      if (this.pid === undefined || performance.now() - begin > START_SECONDS * 1000) {
        await this.stop()
        throw new Error(
          `${this.peer.name} did not start:\n${readFileSync(join(this.home, 'out.log'), 'utf8').slice(-2000)}`,
        )
      }
      await sleep(10)
    }
    return performance.now() - begin
  }

  async #answers(): Promise<boolean> {
    const to = { port: this.peer.port, host: '127.0.0.1' }
    const open = `<?xml version='1.0'?><stream:stream to='${DOMAIN}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`
    return (await exchange(to, open, (said) => said.includes('<stream:features'))) !== undefined
  }

  /** Ends it, by force when it takes too long. */
  async stop(): Promise<void> {
    for (const [signal, seconds] of [
      ['SIGTERM', STOP_SECONDS],
      ['SIGKILL', 5],
    ] as const) {
      const { pid } = this
      if (pid === undefined) break
      process.kill(pid, signal)
      const end = performance.now() + seconds * 1000
      while (this.pid === pid && performance.now() < end) await sleep(50)
    }
    rmSync(this.#pidFile, { force: true })
  }

  /** Ends it at once, when there is no time left. */
  kill(): void {
    const { pid } = this
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }

  /** Ends it, and forgets everything that it kept. */
  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.home, { recursive: true, force: true })
  }

  /** Whether there is a snapshot of that name. */
  has(snapshot: string): boolean {
    return existsSync(join(this.home, `data.${snapshot}`))
  }

  /** Keeps a copy of the stopped server's data. */
  snapshot(name: string): void {
    this.forget(name)
    cpSync(this.#data, join(this.home, `data.${name}`), { recursive: true })
  }

  /** Forgets a snapshot. */
  forget(name: string): void {
    rmSync(join(this.home, `data.${name}`), { recursive: true, force: true })
  }

  /** Puts the stopped server's data back to a snapshot; to nothing when there is none. */
  async fresh(snapshot: string): Promise<void> {
    await this.stop()
    rmSync(this.#data, { recursive: true, force: true })
    if (this.has(snapshot)) cpSync(join(this.home, `data.${snapshot}`), this.#data, { recursive: true })
    else mkdirSync(this.#data)
  }

  /** What the server tells of itself; nothing when it cannot be asked. */
  async ask(question: 'loop' | 'heap'): Promise<Record<string, number>> {
    if (this.#launch?.monitor === undefined) return {}
    const answer = await exchange({ path: this.#launch.monitor }, `${question}\n`, (said) => said.endsWith('}'))
    return answer === undefined ? {} : (JSON.parse(answer) as Record<string, number>)
  }
}
