/** The stage between authentication and a session: resource binding (RFC 6120 §7). */
import {
  Bind,
  BindJid,
  BindResource,
  Iq,
  type Jid,
  JidError,
  Session as SessionTag,
  StanzaError,
  StreamError,
  errorReply,
  isStanza,
  payload,
} from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { type Newcomer, type Session, beforeBinding, streamFeatures } from '../../core/session.ts'
import { when } from '../../core/when.ts'
import { randomText } from '../../core/random.ts'
import { BoundStage } from './bound.ts'
import type { ClientStream, Stage } from './stream.ts'

/** How often a client may ask for a resource that it cannot have (as in MongooseIM). */
const BIND_ATTEMPTS = 5

/** A client that is authenticated and has no resource yet. */
export class BindStage implements Stage {
  readonly #stream: ClientStream
  readonly #user: Jid
  #attempts = 0

  constructor(stream: ClientStream, user: Jid) {
    this.#stream = stream
    this.#user = user
  }

  features(): readonly Element[] | Promise<readonly Element[]> {
    const features = [Bind()]
    if (this.#stream.options.offerSession) features.unshift(SessionTag())
    return this.#hooks().fold(streamFeatures, features, this.#user.domain)
  }

  element(element: Element): void | Promise<void> {
    const child = Iq.is(element) && element.attr('type') === 'set' ? payload(element) : undefined
    return child !== undefined && Bind.is(child) ? this.#request(element, child) : this.#other(element)
  }

  /** XEP-0198 §5: a client may go on with an earlier session instead of binding a resource. */
  async #other(element: Element): Promise<void> {
    // S18, RFC 6120 §7.1: no stanzas before a resource is bound
    if (isStanza(element)) throw new StreamError('not-authorized')
    const newcomer = new ClientNewcomer(this.#stream, this.#user)
    const understood = await this.#hooks().first(beforeBinding, newcomer, element)
    if (understood !== true) throw new StreamError('not-authorized')
    if (!newcomer.settled && ++this.#attempts >= BIND_ATTEMPTS)
      this.#stream.fail('policy-violation', 'Too many failed bindings')
  }

  #request(iq: Element, child: Element): void | Promise<void> {
    try {
      // RFC 6120 §8.1.3: the id of an IQ is required
      if (iq.attr('id') === undefined) throw new StanzaError('modify', 'bad-request')
      return this.#bind(iq, this.#resource(text(BindResource.in(child))))
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error
      this.#stream.send(errorReply(iq, error))
      if (++this.#attempts >= BIND_ATTEMPTS) this.#stream.fail('policy-violation', 'Too many failed bindings')
    }
  }

  /** RFC 6120 §7.6 and §7.7: the server makes a resource unless the client asks for one. */
  #resource(wanted: string): Jid {
    try {
      return this.#user.withResource(wanted === '' ? randomText(12, 'base64url') : wanted)
    } catch (error) {
      if (error instanceof JidError) throw new StanzaError('modify', 'bad-request', error.message)
      throw error
    }
  }

  #bind(iq: Element, jid: Jid): void | Promise<void> {
    const stream = this.#stream
    const bound = Iq({ type: 'result', id: iq.attr('id') }, Bind({}, BindJid({}, jid.toString())))
    stream.settle()
    if (stream.kernel.cluster === undefined) {
      stream.send(bound)
      stream.become(BoundStage.open(stream, jid))
      return
    }
    // The client may tell others of its resource as soon as it knows it; by then all nodes know, too.
    const line = stream.hold()
    const stage = BoundStage.open(stream, jid)
    stream.become(stage)
    return when(stage.announced, () => line(bound))
  }

  #hooks() {
    return this.#stream.kernel.hosts.of(this.#user.domain)!.hooks
  }
}

/** The client at this stage, as listeners see it. */
class ClientNewcomer implements Newcomer {
  readonly user: Jid
  /** Whether it has a session now. */
  settled = false
  readonly #stream: ClientStream

  constructor(stream: ClientStream, user: Jid) {
    this.#stream = stream
    this.user = user
  }

  get gone(): boolean {
    return this.#stream.ended
  }

  send(element: Element): void {
    this.#stream.send(element)
  }

  fail(error: StreamError): void {
    this.#stream.close(error)
  }

  takeOver(session: Session): void {
    this.settled = true
    this.#stream.settle()
    this.#stream.become(BoundStage.takeOver(this.#stream, session))
  }
}
