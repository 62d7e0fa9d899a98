/** XEP-0198 §4: what was sent to a client and not acknowledged. */
import { SmRequest, StreamError, countBetween, countOn } from '@meerkat/protocol'
import { type Element, serialize } from '@meerkat/xml'
import {
  Gate,
  type Handing,
  type Held,
  type HeldWords,
  type Host,
  type Session,
  type Timer,
  delayed,
  messagesAcknowledged,
  messagesHeld,
  packHeld,
  unpackHeld,
} from '../../core/module.ts'
import { messageUnacknowledged } from './hooks.ts'

/** How the server treats what it sends. */
export interface OutboundSettings {
  /** Whether copies are kept until they are acknowledged. */
  readonly buffer: boolean
  readonly buffer_max: number
  /** Whether the server asks for acknowledgements, and behind how many stanzas. */
  readonly ack: boolean
  readonly ack_freq: number
}

/** How long a client that was sent more than `buffer_max` at once has to acknowledge, in seconds. */
const GRACE_SECONDS = 5
/** How many times `buffer_max` may wait during that time. */
const GRACE_FACTOR = 10
/** How many characters may come during that time, and may wait while there is no connection: they are sent all at once when there is one again. */
const MAX_CHARACTERS = 512 * 1024
/** An acknowledgement that is further off than this is an old one. */
const HALF = 2 ** 31

const REQUEST = SmRequest()

/** What was sent to a client, in words. */
export interface PackedOutbound {
  readonly sent: number
  readonly acked: number
  readonly unacked: readonly HeldWords[]
}

/** Counts what is sent to a client, keeps it until the client acknowledges it, and asks for that. */
export class Outbound extends Gate {
  /** May be replaced when the module is given others. */
  settings: OutboundSettings
  readonly #host: Host
  readonly #session: Session
  readonly #unacked: Held[] = []
  /** How many of these the client may have got: the others wait for a connection. */
  #tried = 0
  #sent = 0
  #acked = 0
  /** How many were sent since the client was last asked. */
  #unasked = 0
  /** How many may wait while there is no connection. */
  #room = 0
  /** How many characters wait while there is no connection, or have come since there was too much. */
  #characters = 0
  #grace: Timer | undefined
  /** Whether the session has been without connection, and others know what it held. */
  #told = false

  constructor(host: Host, session: Session, settings: OutboundSettings) {
    super()
    this.#host = host
    this.#session = session
    this.settings = settings
    // It comes from another node.
    this.#told = session.lost
  }

  /** How many were sent (modulo 2^32). */
  get sent(): number {
    return this.#sent
  }

  /** What another node needs to go on; nothing is held here any more. */
  pack(): PackedOutbound {
    const unacked = this.#unacked.splice(0).map(packHeld)
    return { sent: this.#sent, acked: this.#acked, unacked }
  }

  /** Goes on with what was packed at another node. */
  unpack({ sent, acked, unacked }: PackedOutbound): void {
    this.#sent = sent
    this.#acked = acked
    for (const each of unacked) this.#unacked.push(unpackHeld(each))
    this.#tried = unacked.length
    this.#room = Math.max(this.settings.buffer_max, unacked.length)
  }

  pass(stanza: Element, at = this.#host.clock.micros(), handing?: Handing): void {
    const { buffer, ack, ack_freq } = this.settings
    this.#sent = countOn(this.#sent)
    const { lost } = this.#session
    if (buffer && lost) this.#unacked.splice(this.#placeOf(at), 0, { stanza, at, handing })
    else if (buffer) this.#unacked.push({ stanza, at, handing })
    this.onward(stanza, at, handing)
    if (lost) return this.#kept({ stanza, at, handing })
    // A client that does not read may have lost its connection by this stanza.
    if (this.#session.lost || this.#session.closed) return
    if (ack && ++this.#unasked >= ack_freq) this.#ask()
    if (this.#unacked.length > this.settings.buffer_max) this.#crowded(serialize(stanza).length)
  }

  /** What comes back from another node was received earlier than what is here already. */
  #placeOf(at: number): number {
    let place = this.#unacked.length
    while (place > this.#tried && this.#unacked[place - 1]!.at > at) place--
    return place
  }

  held(): readonly Held[] {
    return this.#unacked
  }

  /** Whether the client can have handled this many. */
  mayHave(handled: number): boolean {
    return countBetween(this.#acked, handled) <= countBetween(this.#acked, this.#sent)
  }

  /** The client has handled this many; false when it was not sent so many. */
  acknowledge(handled: number): boolean {
    const fresh = countBetween(this.#acked, handled)
    if (!this.mayHave(handled)) return fresh >= HALF
    this.#acked = handled
    const taken = this.#unacked.splice(0, fresh)
    if (this.#told) void this.#host.hooks.notify(messagesAcknowledged, this.#session, taken)
    return true
  }

  /**
   * The connection is gone. False when there is too much to send again at once: it must go elsewhere. `asleep`: whoever wakes clients is told what
   * waits.
   */
  lost(asleep: boolean): boolean {
    this.stop()
    this.#told = true
    this.#tried = this.#unacked.length
    this.#room = Math.max(this.settings.buffer_max, this.#unacked.length)
    this.#characters = this.#unacked.reduce((sum, { stanza }) => sum + serialize(stanza).length, 0)
    if (this.#characters > MAX_CHARACTERS) return false
    if (asleep) this.sleep()
    return true
  }

  /** Nobody takes the session over for now: others are told what it holds. */
  sleep(): void {
    this.#wake(this.#unacked.slice())
  }

  /** Sends again what was not acknowledged, over another connection (§5). */
  resend(): void {
    const { domain } = this.#session.jid
    for (const { stanza, at } of this.#unacked.slice())
      this.onward(stanza.name === 'message' ? delayed(stanza, at, domain) : stanza)
    if (this.settings.ack && this.#unacked.length > 0) this.#ask()
    if (this.#unacked.length > this.settings.buffer_max) this.#crowded(0)
  }

  /** Takes back what is to happen later. */
  stop(): void {
    this.#grace?.cancel()
    this.#grace = undefined
  }

  #ask(): void {
    this.#unasked = 0
    this.#session.connection.send(REQUEST)
  }

  /** A stanza waits for a connection. When there is no more room, the session ends and everything goes elsewhere (S50). */
  #kept(held: Held): void {
    const { stanza } = held
    this.#wake([held])
    this.#characters += serialize(stanza).length
    if (this.#unacked.length > this.#room || this.#characters > MAX_CHARACTERS)
      this.#host.endSession(this.#session, 'too many unacked stanzas')
  }

  #wake(held: readonly Held[]): void {
    const messages = held.filter(({ stanza }) => stanza.name === 'message')
    if (messages.length === 0) return
    void this.#host.hooks.notify(messagesHeld, this.#session, messages)
    for (const { stanza } of messages) void this.#host.hooks.notify(messageUnacknowledged, this.#session, stanza)
  }

  /** S50: a client that was sent much at once, `characters` the last, has some seconds to acknowledge it. */
  #crowded(characters: number): void {
    if (this.#grace === undefined) this.#begin()
    this.#characters += characters
    const { buffer_max } = this.settings
    if (this.#unacked.length > buffer_max * GRACE_FACTOR || this.#characters > MAX_CHARACTERS) this.#overflow()
  }

  #begin(): void {
    this.#characters = 0
    this.#ask()
    this.#grace = this.#host.after(GRACE_SECONDS, () => {
      this.#grace = undefined
      if (this.#unacked.length > this.settings.buffer_max) this.#overflow()
    })
  }

  #overflow(): void {
    const error = new StreamError('resource-constraint', 'too many unacked stanzas')
    this.#host.loseConnection(this.#session, 'too many unacked stanzas', error)
  }
}
