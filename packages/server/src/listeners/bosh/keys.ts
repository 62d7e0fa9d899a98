/** XEP-0124 §15: a chain of keys that only the client who began the session can go on with. */
import { createHash } from 'node:crypto'
import type { Element } from '@meerkat/xml'

/** What the next request must fit to. */
export class KeySequence {
  #begun = false
  #expected: string | undefined

  /**
   * Whether a request goes on with the sequence; if so, the one after it has to go on from there. The first request begins it, or has none: then
   * nothing is checked.
   */
  accept(request: Element): boolean {
    const fresh = request.attr('newkey')?.toLowerCase()
    if (!this.#begun) {
      this.#begun = true
      this.#expected = fresh
      return true
    }
    if (this.#expected === undefined) return true
    const key = request.attr('key')?.toLowerCase()
    if (key === undefined || createHash('sha1').update(key).digest('hex') !== this.#expected) return false
    this.#expected = fresh ?? key
    return true
  }
}
