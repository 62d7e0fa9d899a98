/** What came and has not been received, and who waits for something to come. */
import { type Element } from '@meerkat/xml'
import { type Ended } from './describe.ts'
import { ClosedError, TimeoutError } from './errors.ts'
import { type Waiting, waiting } from './waiting.ts'

/** Says whether an element is the one that is waited for. */
export type Predicate = (element: Element) => boolean

interface Waiter extends Waiting<Element> {
  readonly matches: Predicate
  /** For the message of an error. */
  readonly what: string
}

/** Received elements in the order in which they came, up to a limit. */
export class Inbox {
  readonly #limit: number
  #elements: Element[] = []
  readonly #waiters = new Set<Waiter>()
  #ended: Ended | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** What is waiting to be received, oldest first. */
  get contents(): readonly Element[] {
    return [...this.#elements]
  }

  /** Hands `element` to the first who waits for it, or keeps it; false when there is no room. */
  put(element: Element): boolean {
    for (const waiter of this.#waiters) {
      if (!waiter.matches(element)) continue
      waiter.resolve(element)
      return true
    }
    if (this.#elements.length >= this.#limit) return false
    this.#elements.push(element)
    return true
  }

  /** The oldest element that matches; what came before it stays. Rejects with TimeoutError or ClosedError. */
  take(matches: Predicate, what: string, timeoutMs: number): Promise<Element> {
    const at = this.#elements.findIndex(matches)
    if (at >= 0) return Promise.resolve(this.#elements.splice(at, 1)[0]!)
    if (this.#ended !== undefined) return Promise.reject(this.#closed(what, this.#ended))
    const late = (): Error => new TimeoutError(what, timeoutMs, this.contents)
    const waiter: Waiter = { matches, what, ...waiting<Element>(timeoutMs, late, () => this.#waiters.delete(waiter)) }
    this.#waiters.add(waiter)
    return waiter.promise
  }

  /** Forgets what has not been received, and says what it was. */
  clear(): readonly Element[] {
    const elements = this.#elements
    this.#elements = []
    return elements
  }

  /** Nothing more will come: whoever waits is told so. */
  end(ended: Ended): void {
    this.#ended = ended
    for (const waiter of this.#waiters) waiter.reject(this.#closed(waiter.what, ended))
  }

  #closed(what: string, ended: Ended): Error {
    return new ClosedError(`waited for ${what}`, ended, this.contents)
  }
}
