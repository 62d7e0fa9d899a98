/** The last lines of a conversation, for a log and for the report of a failed test. */
import { type Element, serializeInStream } from '@meerkat/xml'
import { CLIENT_NS, SASL_NS } from '@meerkat/protocol'

/** Whether a line came from the server or went to it. */
export type Direction = 'in' | 'out'

/** Sees each element and each raw write. What SASL elements hold is left out; passwords in other places are not. */
export type Log = (direction: Direction, text: string) => void

/** How many lines are kept, and how much of each is shown, in UTF-16 units. */
const LINES = 40
const LONGEST = 1000

interface Line {
  readonly direction: Direction
  readonly what: Element | string
}

/** Keeps the last lines and passes each to a log. Elements are printed only when somebody looks. */
export class History {
  readonly #log: Log | undefined
  readonly #lines: Line[] = []

  constructor(log: Log | undefined) {
    this.#log = log
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines.map(({ direction, what }) => {
      const text = print(what)
      const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
      return `${direction === 'in' ? '<' : '>'} ${cut}`
    })
  }

  /** Adds an element, or text as it was sent. */
  add(direction: Direction, what: Element | string): void {
    this.#log?.(direction, print(what))
    this.#lines.push({ direction, what })
    if (this.#lines.length > LINES) this.#lines.shift()
  }
}

function print(what: Element | string): string {
  if (typeof what === 'string') return what
  const secret = what.ns === SASL_NS && what.name !== 'failure'
  return serializeInStream(secret ? what.withChildren([]) : what, CLIENT_NS)
}
