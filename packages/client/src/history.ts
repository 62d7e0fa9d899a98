/** The last lines of a conversation, for a log and for the report of a failed test. */
import { type Element, serializeInStream } from '@meerkat/xml'
import { CLIENT_NS, SASL_NS } from '@meerkat/protocol'

/** Whether a line came from the server or went to it. */
export type Direction = 'in' | 'out'

/** Sees each element and each raw write. What SASL elements hold is left out; passwords in other places are not. */
export type Log = (direction: Direction, text: string) => void

/** How many lines are kept, and how much of each, in UTF-16 units. */
const LINES = 40
const LONGEST = 1000

/** Keeps the last lines and passes each to a log. */
export class History {
  readonly #log: Log | undefined
  #lines: string[] = []

  constructor(log: Log | undefined) {
    this.#log = log
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return [...this.#lines]
  }

  /** Adds an element. */
  element(direction: Direction, element: Element): void {
    const shown = element.ns === SASL_NS && element.name !== 'failure' ? element.withChildren([]) : element
    this.raw(direction, serializeInStream(shown, CLIENT_NS))
  }

  /** Adds text. */
  raw(direction: Direction, text: string): void {
    this.#log?.(direction, text)
    const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
    this.#lines.push(`${direction === 'in' ? '<' : '>'} ${cut}`)
    if (this.#lines.length > LINES) this.#lines.shift()
  }
}
