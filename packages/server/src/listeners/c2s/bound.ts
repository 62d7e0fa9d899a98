/** The stage of a bound session: stanzas (RFC 6120 §8). */
import {
  Session as SessionTag,
  type Jid,
  StanzaError,
  StreamError,
  errorReply,
  isStanza,
  payload,
  result,
  tryJid,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Hooks } from '../../core/hooks.ts'
import { type Connection, type Session, nonza, sessionActive } from '../../core/session.ts'
import { when } from '../../core/when.ts'
import type { ClientStream, Stage } from './stream.ts'

/** A session, as the client's end of it speaks. */
export class BoundStage implements Stage {
  readonly #stream: ClientStream
  readonly #session: Session
  /** The session may go on over another one. */
  readonly #connection: Connection
  readonly #hooks: Hooks

  private constructor(stream: ClientStream, session: Session) {
    this.#stream = stream
    this.#session = session
    this.#connection = session.connection
    this.#hooks = stream.kernel.hosts.type(session.hostType)!.hooks
  }

  /** Opens a session. */
  static open(stream: ClientStream, jid: Jid): BoundStage {
    return new BoundStage(stream, stream.kernel.openSession(jid, new StreamConnection(stream)))
  }

  /** Goes on with a session that has lost its connection. */
  static takeOver(stream: ClientStream, session: Session): BoundStage {
    session.reconnect(new StreamConnection(stream))
    stream.kernel.directory.reconnected(session)
    return new BoundStage(stream, session)
  }

  /** Resolves when all nodes know of the session; undefined when they do. */
  get announced(): Promise<void> | undefined {
    return this.#session.announced
  }

  get address(): Jid {
    return this.#session.jid
  }

  features(): readonly Element[] {
    return []
  }

  active(): void {
    void this.#hooks.notify(sessionActive, this.#session)
  }

  closed(reason: string, lost: boolean): void {
    if (this.#session.connection !== this.#connection) return
    const { kernel } = this.#stream
    // A client that is closed for its silence may come back to its session.
    if (lost || reason === 'connection-timeout') kernel.loseConnection(this.#session, reason)
    else kernel.endSession(this.#session, reason)
  }

  element(element: Element): void | Promise<void> {
    if (!isStanza(element)) return this.#other(element)
    const stanza = this.#stamp(element)
    if (stanza.name === 'iq' && !isProperIq(stanza)) return this.#refuse(stanza, 'bad-request')
    const address = stanza.attr('to')
    // RFC 6120 §10.3: what has no address is for the account itself
    const to = address === undefined ? this.#session.jid.bare : tryJid(address)
    if (to === undefined) return this.#refuse(stanza, 'jid-malformed')
    // RFC 3921 §3: asked of the server; to anybody else it is a stanza like others
    if (stanza.name === 'iq' && stanza.attr('type') === 'set' && asksForSession(stanza) && this.#isServer(to))
      return this.#session.deliver(result(stanza))
    return this.#stream.kernel.router.receive(this.#session, stanza, to)
  }

  /** RFC 6120 §8.1.2.1: `from` is the session's own address, whatever the client says; another one ends the stream (S45). */
  #stamp(stanza: Element): Element {
    const { jid } = this.#session
    const claimed = stanza.attr('from')
    if (claimed === undefined || claimed === jid.toString()) return stanza.set('from', jid.toString())
    const from = tryJid(claimed)
    if (from === undefined || !(from.equals(jid) || from.equals(jid.bare))) throw new StreamError('invalid-from')
    return stanza.set('from', jid.toString())
  }

  #isServer(to: Jid): boolean {
    return to === this.#session.jid.bare || (to.local === '' && to.domain === this.#session.jid.domain)
  }

  #refuse(stanza: Element, condition: 'bad-request' | 'jid-malformed'): void {
    this.#session.inbound?.count(undefined)
    const type = stanza.attr('type')
    if (type === 'error' || type === 'result') return
    // An address that cannot be read is not repeated to anyone.
    const reply = errorReply(stanza, new StanzaError('modify', condition))
    this.#session.deliver(condition === 'jid-malformed' ? reply.with({ from: undefined }) : reply)
  }

  #other(element: Element): void | Promise<void> {
    return when(this.#hooks.first(nonza, this.#session, element), requireKnown)
  }
}

/** RFC 6120 §8.1.3, §8.2.3: an IQ has an id and one of four types; a request has one child (S58). */
export function isProperIq(iq: Element): boolean {
  if (iq.attr('id') === undefined) return false
  const type = iq.attr('type')
  if (type === 'get' || type === 'set') return payload(iq) !== undefined
  return type === 'result' || type === 'error'
}

function requireKnown(known: boolean | undefined): void {
  if (known !== true) throw new StreamError('unsupported-stanza-type')
}

function asksForSession(iq: Element): boolean {
  return SessionTag.is(payload(iq))
}

/** The stream as a session sees it. */
class StreamConnection implements Connection {
  readonly #stream: ClientStream

  constructor(stream: ClientStream) {
    this.#stream = stream
  }

  get kind(): string {
    return 'c2s'
  }

  get ip(): string {
    return this.#stream.ip
  }

  get port(): number {
    return this.#stream.port
  }

  get encrypted(): boolean {
    return this.#stream.encrypted
  }

  send(stanza: Element): void {
    this.#stream.send(stanza)
  }

  ready(all: boolean): Promise<void> | undefined {
    return this.#stream.ready(all)
  }

  close(error?: StreamError): void {
    this.#stream.close(error)
  }

  destroy(): void {
    this.#stream.destroy()
  }
}
