/** XEP-0198 on a stream that another server has opened: it learns how many of its stanzas were handled. */
import {
  SmAck,
  SmEnable,
  SmEnabled,
  SmRequest,
  SmResume,
  StreamError,
  buildSmFailed,
  handledCountTooHigh,
  readCount,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { InboundCounter } from '../../core/gate.ts'
import { HandledCount } from '../../core/handled-count.ts'
import type { IncomingStream } from './incoming.ts'

/** How many questions may wait for commits before the other server has to wait too. */
const MAX_WAITING = 256

/** The acknowledgements of one stream. */
export class Receipts {
  readonly #stream: IncomingStream
  #handled: HandledCount | undefined
  #waiting = 0

  constructor(stream: IncomingStream) {
    this.#stream = stream
  }

  /** Who is told of each stanza; undefined while nobody wants to know. */
  get counter(): InboundCounter | undefined {
    return this.#handled
  }

  /** Resolves when all that was received is handled; undefined when it is. */
  get settled(): Promise<void> | undefined {
    return this.#handled?.settled
  }

  /** The last word about what was handled; undefined when nobody wants to know. */
  get last(): Element | undefined {
    return this.#handled && SmAck({ h: this.#handled.handled })
  }

  /** What comes next is a new stream. */
  reset(): void {
    this.#handled = undefined
  }

  /** Takes an element of stream management; what comes next waits for a returned promise. Throws StreamError. */
  element(element: Element): void | Promise<void> {
    if (SmRequest.is(element)) return this.#answer()
    if (SmEnable.is(element)) return this.#enable()
    if (SmAck.is(element)) return this.#acknowledged(element)
    if (!SmResume.is(element)) throw new StreamError('unsupported-stanza-type')
    // §5: a stream between servers is not resumed; what was not acknowledged comes over the next one
    this.#stream.send(buildSmFailed('feature-not-implemented'))
  }

  /** §3: once, and not before a domain is known. */
  #enable(): void {
    const { isKnown, acknowledges } = this.#stream
    if (!acknowledges) return this.#stream.send(buildSmFailed('feature-not-implemented'))
    if (!isKnown || this.#handled !== undefined) return this.#stream.send(buildSmFailed('unexpected-request'))
    this.#handled = new HandledCount()
    this.#stream.send(SmEnabled())
  }

  /** §4: answered when everything received before is durable. The next stanza does not wait for that. */
  #answer(): void | Promise<void> {
    const handled = this.#handled
    if (handled === undefined) return
    const answer = (): void => this.#stream.send(SmAck({ h: handled.handled }))
    const { settled } = handled
    if (settled === undefined) return answer()
    this.#waiting++
    const answered = settled.then(() => {
      this.#waiting--
      answer()
    })
    if (this.#waiting >= MAX_WAITING) return answered
  }

  /** §6: stanzas go the other way over a stream of ours, so that there is nothing to acknowledge here. */
  #acknowledged(ack: Element): void {
    const h = readCount(ack.attr('h'))
    if (this.#handled !== undefined && h !== 0) throw handledCountTooHigh(h, 0)
  }
}
