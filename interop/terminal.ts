/** A terminal in which somebody types commands: a real one, so that Ctrl-C is what a terminal makes of it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { Change } from '../e2e/waiting.ts'

/** Where a command runs. */
export interface Place {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

/** What became of a command. */
export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

/** Runs a line of shell to its end. */
export function run(line: string, { folder, env }: Place): Promise<Outcome> {
  const child = spawn('sh', ['-c', line], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ stdout, stderr, code }))
  })
}

/** A command in the foreground of a terminal of its own. `script` from util-linux makes the terminal. */
export class Foreground {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #change = new Change()
  #output = ''
  #code: number | null | undefined

  constructor(line: string, { folder, env }: Place) {
    // It takes its exit code from the command: 128 and the number of the signal that ended it.
    this.#child = spawn('script', ['-qefc', line, '/dev/null'], {
      cwd: folder,
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdin.on('error', () => undefined)
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text.replaceAll('\r', '')
      this.#change.happened()
    })
    this.#child.on('close', (code) => {
      this.#code = code
      this.#change.happened()
    })
  }

  /** What is on the screen. */
  get output(): string {
    return this.#output
  }

  /** Resolves when the text is on the screen. Rejects when the command ends without it, or nothing comes in `patience` ms. */
  async says(text: string, patience?: number): Promise<void> {
    const look = () => this.#output.includes(text) || (this.#code === undefined ? undefined : false)
    const story = () => `"${text}" does not appear:\n${this.#output}`
    if (!(await this.#change.until(look, story, patience))) throw new Error(story())
  }

  /** Presses Ctrl-C, and resolves with the exit code. */
  async interrupt(): Promise<number | null> {
    this.#child.stdin.write('\x03')
    const ended = () => (this.#code === undefined ? undefined : { code: this.#code })
    return (await this.#change.until(ended, () => `it does not end:\n${this.#output}`)).code
  }

  /** Closes the terminal, which hangs up on whatever still runs in it. */
  close(): void {
    this.#child.kill('SIGKILL')
  }
}
