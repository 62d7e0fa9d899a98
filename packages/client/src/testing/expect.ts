/** Expectations: what must come next, and if it does not, what came instead. */
import { AssertionError } from 'node:assert/strict'
import { type Element } from '@meerkat/xml'
import { type StanzaCondition, type StreamCondition, type StreamError } from '@meerkat/protocol'
import { type Client, type WaitOptions } from '../client.ts'
import { type Ended, printElement, printEnd, printInstead } from '../describe.ts'
import { type Predicate } from '../inbox.ts'
import {
  errorStanza,
  type ErrorFields,
  iq,
  type IqFields,
  message,
  type MessageFields,
  type Pattern,
  presence,
  type PresenceFields,
  stanza,
} from './pattern.ts'

/** What one device must receive. All of it rejects with an AssertionError that prints what came instead, as XML. */
export class Expectation {
  readonly #client: Client
  readonly #options: WaitOptions

  constructor(client: Client, options: WaitOptions) {
    this.#client = client
    this.#options = options
  }

  /** The next stanza is this message. */
  message(fields?: MessageFields): Promise<Element> {
    return this.next(message(fields))
  }

  /** The next stanza is this presence; available unless `type` says otherwise. */
  presence(fields?: PresenceFields): Promise<Element> {
    return this.next(presence(fields))
  }

  /** The next stanza is this IQ. */
  iq(fields?: IqFields): Promise<Element> {
    return this.next(iq(fields))
  }

  /** The next stanza is the result of the IQ with this id, sent with `send` (what `request` asked is answered there). */
  iqResult(id: string, fields?: IqFields): Promise<Element> {
    return this.next(iq({ ...fields, type: 'result', id }))
  }

  /** The next stanza is an error with this condition. */
  error(condition: StanzaCondition, fields?: ErrorFields): Promise<Element> {
    return this.next(errorStanza(condition, fields))
  }

  /** The next stanza is one that `fits`. */
  stanza(fits: Predicate, what = 'a stanza that meets the condition'): Promise<Element> {
    return this.next(stanza(fits, what))
  }

  /** The next stanza is like `pattern`. */
  async next(pattern: Pattern): Promise<Element> {
    const element = await this.#receive(pattern.what)
    if (!pattern.matches(element)) throw this.#failure(pattern.what, printInstead([element, ...this.#client.pending]))
    return element
  }

  /** The next stanzas are like these, one each, in any order; resolves with them in the order of the patterns. */
  async inAnyOrder(...patterns: readonly Pattern[]): Promise<Element[]> {
    const found = new Map<Pattern, Element>()
    while (found.size < patterns.length) {
      const open = patterns.filter((pattern) => !found.has(pattern))
      const what = open.map((pattern) => pattern.what).join(' and ')
      const element = await this.#receive(what)
      const match = open.find((pattern) => pattern.matches(element))
      if (match === undefined) throw this.#failure(what, printInstead([element, ...this.#client.pending]))
      found.set(match, element)
    }
    return patterns.map((pattern) => found.get(pattern)!)
  }

  /** Nothing is left, and nothing comes before the server's answer to a ping: whatever the server sent earlier has arrived. */
  async nothing(): Promise<void> {
    const came = await this.#client.barrier(this.#options).catch((error: unknown) => {
      throw this.#wrapped('nothing but the answer to a ping', error)
    })
    if (came.length > 0) throw this.#failure('nothing', printInstead(came))
  }

  /** The server ends the stream with this error; what it sends before is left alone. */
  async streamError(condition: StreamCondition): Promise<StreamError> {
    const what = `the stream error ${condition}`
    const ended = await this.#end(what)
    if (ended.streamError?.condition !== condition) throw this.#failure(what, this.#endInstead(ended))
    return ended.streamError
  }

  /** The server ends the stream without an error. */
  async end(): Promise<Ended> {
    const what = 'the end of the stream'
    const ended = await this.#end(what)
    if (!ended.clean || ended.streamError !== undefined) throw this.#failure(what, this.#endInstead(ended))
    return ended
  }

  #receive(what: string): Promise<Element> {
    return this.#client.receive(undefined, { ...this.#options, what }).catch((error: unknown) => {
      throw this.#wrapped(what, error)
    })
  }

  #end(what: string): Promise<Ended> {
    return this.#client.waitForEnd({ ...this.#options, what }).catch((error: unknown) => {
      throw this.#wrapped(what, error)
    })
  }

  #endInstead(ended: Ended): string {
    const { pending } = this.#client
    return pending.length === 0
      ? printEnd(ended)
      : `${printEnd(ended)}; unread: ${pending.map(printElement).join('\n  ')}`
  }

  #failure(what: string, instead: string, cause?: unknown): AssertionError {
    const failure = new AssertionError({
      message: `${this.#client.jid} expected ${what}; ${instead}`,
      operator: 'expect',
    })
    if (cause !== undefined) failure.cause = cause
    return failure
  }

  #wrapped(what: string, error: unknown): AssertionError {
    return this.#failure(what, error instanceof Error ? error.message : String(error), error)
  }
}

/** Begins an expectation on a device; each wait lasts as long as the client's options say unless `options` does. */
export function expect(client: Client, options: WaitOptions = {}): Expectation {
  return new Expectation(client, options)
}
