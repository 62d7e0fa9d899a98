/** XEP-0220 on a stream that another server has opened: as the receiving server (§2.1) and as the authoritative one (§2.2). */
import { DialbackResult, DialbackVerify, StanzaError, type StanzaCondition, StreamError } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { domainOf, type IncomingStream } from './incoming.ts'

/** How many domains may be asked about at once for one stream, at first and once one is known, and how many may be shown on it. */
const MOST_AT_FIRST = 2
const MOST_ASKED = 16
const MOST_PAIRS = 1000

/** The dialbacks of one stream. */
export class DialbackIn {
  readonly #stream: IncomingStream
  /** The pairs that are being asked about. */
  readonly #asked = new Set<string>()

  constructor(stream: IncomingStream) {
    this.#stream = stream
  }

  /** Takes an element of dialback. Throws StreamError. */
  element(element: Element): void {
    // S73: nothing counts that was said in clear where TLS is required
    if (!this.#stream.isSafe) throw new StreamError('policy-violation', 'Encryption is required.')
    const [from, to] = [domainOf(element.attr('from')), domainOf(element.attr('to'))]
    if (from === undefined || to === undefined) throw new StreamError('improper-addressing')
    const isAnswer = element.attr('type') !== undefined
    // S71, XEP-0220 §2.4: answers belong to the streams that the questions went over, and those are ours
    if (isAnswer) throw new StreamError('policy-violation', 'Nobody has asked.')
    if (DialbackVerify.is(element)) this.#verify(element, from, to)
    else if (DialbackResult.is(element)) this.#claimed(element, from, to)
    else throw new StreamError('unsupported-stanza-type')
  }

  /** §2.2.2: another server asks whether a key is ours. */
  #verify(verify: Element, from: string, to: string): void {
    const id = verify.attr('id')
    if (id === undefined) throw new StreamError('improper-addressing')
    const { federation } = this.#stream
    const answer = (type: string, error?: Element): void =>
      this.#stream.send(DialbackVerify({ from: to, to: from, id, type }, error))
    if (!federation.isOurs(to)) return answer('error', problem('item-not-found'))
    const claim = { receiving: from, originating: to, streamId: id }
    answer(federation.isOurKey(text(verify).trim(), claim) ? 'valid' : 'invalid')
  }

  /** §2.1.1: the other server claims a domain. */
  #claimed(result: Element, from: string, to: string): void {
    const { federation, pairs } = this.#stream
    const pair = `${from} ${to}`
    if (!federation.isOurs(to)) return this.#failed(from, to, 'item-not-found')
    if (federation.isOurs(from) || !federation.allows(to, from)) return this.#failed(from, to, 'not-allowed')
    if (this.#asked.has(pair)) return
    // The certificate says it already.
    if (this.#stream.certifies(from)) return this.#valid(from, to)
    const most = pairs.size === 0 ? MOST_AT_FIRST : MOST_ASKED
    if (this.#asked.size >= most || pairs.size >= MOST_PAIRS) return this.#failed(from, to, 'resource-constraint')
    this.#asked.add(pair)
    const { id } = this.#stream
    void federation
      .verify({ receiving: to, originating: from, streamId: id }, text(result).trim())
      .then(
        (isValid) => (id === this.#stream.id && isValid ? this.#valid(from, to) : this.#invalid(from, to)),
        (error: unknown) =>
          this.#failed(from, to, error instanceof StanzaError ? error.condition : 'internal-server-error'),
      )
      .finally(() => this.#asked.delete(pair))
  }

  #valid(from: string, to: string): void {
    this.#stream.allow(from, to)
    this.#stream.send(DialbackResult({ from: to, to: from, type: 'valid' }))
  }

  #invalid(from: string, to: string): void {
    this.#stream.send(DialbackResult({ from: to, to: from, type: 'invalid' }))
    this.#stream.denied(from, to)
  }

  /** §2.4.2: why nothing was found out. */
  #failed(from: string, to: string, condition: StanzaCondition): void {
    this.#stream.send(DialbackResult({ from: to, to: from, type: 'error' }, problem(condition)))
    this.#stream.denied(from, to)
  }
}

const problem = (condition: StanzaCondition): Element => new StanzaError('cancel', condition).toElement()
