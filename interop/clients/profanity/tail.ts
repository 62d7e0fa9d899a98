/** Reads what is added to the files of a folder, line by line. */
import { EventEmitter } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** How often it looks, in milliseconds. Folders are made while it runs, which watching would miss. */
const INTERVAL_MS = 50

/** Emits `look` whenever it has looked. */
export class Tail extends EventEmitter<{ look: [] }> {
  readonly #folder: string
  readonly #hear: (line: string, file: string) => void
  readonly #timer: NodeJS.Timeout
  /** How many lines of each file have been heard. */
  readonly #heard = new Map<string, number>()

  /** Looks at all files whose name ends with `.log`. */
  constructor(folder: string, hear: (line: string, file: string) => void) {
    super()
    this.#folder = folder
    this.#hear = hear
    this.#timer = setInterval(() => this.#look(), INTERVAL_MS)
  }

  /** Looks no longer. */
  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    for (const name of globSync('**/*.log', { cwd: this.#folder })) this.#read(join(this.#folder, name))
    this.emit('look')
  }

  #read(file: string): void {
    // The last one is not complete yet, or empty.
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    for (const line of lines.slice(this.#heard.get(file))) this.#hear(line, file)
    this.#heard.set(file, lines.length)
  }
}
