/** A foreign program of one test file: started, watched until it answers, stopped, and never left behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, connect } from 'node:net'

const started = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL')
})

/** How long a program may take until it answers, in milliseconds. */
const PATIENCE_MS = 60_000

/** A program that runs. */
export class Program {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  /** What it has said, the last of it. */
  output = ''

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    started.add(this.#child)
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.output = (this.output + text).slice(-200_000)))
    this.#ended = once(this.#child, 'close').then(() => started.delete(this.#child))
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Resolves when something listens on a port. Rejects with what the program has said when nothing does. */
  async listens(port: number): Promise<void> {
    const end = Date.now() + PATIENCE_MS
    while (!(await answers(port))) {
      const isGone = this.#child.exitCode !== null || this.#child.signalCode !== null
      if (isGone || Date.now() > end) throw new Error(`nothing listens on port ${port}:\n${this.output}`)
    }
  }

  /** Ends it, and resolves when it is gone. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#ended
  }
}

/** Whether something accepts connections on a port; takes a little time when nothing does. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 50))
    return false
  } finally {
    socket.destroy()
  }
}

/** Ports that nobody listens to, all held until each is known. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
