/** XEP-0114: one connection of a component. It opens its stream, proves that it knows the secret, and has a domain from then on. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import {
  Handshake,
  type Jid,
  StanzaError,
  StartTls,
  StreamError,
  StreamFeatures,
  TlsProceed,
  TlsRequired,
  errorReply,
  fromComponent,
  handshakeProof,
  isStanza,
  mayBounce,
  tryJid,
} from '@meerkat/protocol'
import { type Element, XmlError, text } from '@meerkat/xml'
import { Delivery } from '../../core/delivery.ts'
import type { Kernel } from '../../core/kernel.ts'
import type { Timer } from '../../core/timers.ts'
import type { ElementTraffic } from '../../core/traffic.ts'
import { isProperIq } from '../c2s/bound.ts'
import type { Opening, Receiver, Wire } from '../c2s/wire.ts'
import type { Component, Components } from './components.ts'
import type { ComponentOptions } from './options.ts'
import { Unsent } from './unsent.ts'

/** How long a component may read nothing of what is in line, and how long a step may wait, in milliseconds. */
const STUCK_MS = 120_000
/** How long a peer has to close its side after we have closed ours, in seconds. */
const CLOSE_SECONDS = 5

/** A connection that counts the characters put in line since it began. */
export interface CountingWire extends Wire {
  readonly added: number
}

/** What belongs to a listener rather than to one of its streams. */
export interface StreamOwner {
  readonly kernel: Kernel
  readonly options: ComponentOptions
  readonly components: Components
  /** The component has proved that it knows the secret. */
  known(): void
  /** The connection is no more. */
  gone(): void
}

/** The stream of a component. */
export class ComponentStream implements Receiver, Component {
  readonly options: ComponentOptions
  name = ''
  everywhere = false
  readonly #owner: StreamOwner
  readonly #kernel: Kernel
  readonly #wire: CountingWire
  readonly #unsent = new Unsent()
  readonly #elements: ElementTraffic
  readonly #pause: ReturnType<ComponentOptions['shaper']>
  #id = ''
  #phase: 'opening' | 'proving' | 'known' | 'closing' = 'opening'
  #isOver = false
  #timer: Timer | undefined
  /** Since when a step has waited, and since when the component has read nothing, in milliseconds of the monotonic clock. */
  #waitingSince: number | undefined
  #takenAt = 0

  /** `wireTo` makes the connection's end, which brings things to the stream. */
  constructor(owner: StreamOwner, wireTo: (receiver: Receiver) => CountingWire) {
    this.#owner = owner
    this.#kernel = owner.kernel
    this.options = owner.options
    this.#elements = owner.kernel.traffic.elements('component')
    this.#pause = this.options.shaper()
    this.#wire = wireTo(this)
    const late = (): void => this.close(new StreamError('connection-timeout'))
    this.#timer = this.#kernel.timers.after(this.options.authTimeoutMs / 1000, late)
    if (this.options.tls?.mode === 'tls') this.#wire.secure?.()
  }

  /** Refuses what there is no room for: the component does not read, and its senders are told so. */
  checkRoom(): void {
    const { characters, size } = this.#unsent
    if (characters >= this.options.outboundBytes || size >= this.options.outboundStanzas)
      throw new StanzaError('wait', 'resource-constraint', 'The component does not read.')
  }

  deliver(delivery: Delivery): boolean {
    if (this.#phase !== 'known') return false
    this.#send(delivery.stanza, delivery)
    return true
  }

  /** Ends the stream, with an error if there is one; the component has some seconds to close its side. */
  close(error?: StreamError): void {
    if (this.#phase === 'closing') return
    if (!this.#wire.ready) return this.#destroy()
    // RFC 6120 §4.9.1.2: an error before our header still needs the header.
    if (this.#phase === 'opening') this.#sendHeader()
    if (error !== undefined) {
      this.#kernel.counters.streamErrors++
      this.#elements.out.streamErrors++
    }
    this.#end()
    this.#wire.close(error, false)
    this.#timer = this.#kernel.timers.after(CLOSE_SECONDS, () => this.#wire.destroy())
  }

  /** Ends the stream when a step never ends, or when the component reads nothing. */
  endIfStuck(): void {
    if (this.#phase !== 'known') return
    const now = this.#kernel.clock.monotonic()
    if (this.#unsent.characters > 0 && now - this.#takenAt >= STUCK_MS) return this.overflowed()
    if (this.#waitingSince === undefined || now - this.#waitingSince < STUCK_MS) return
    this.#kernel.report('stream_stuck', new Error('a handler has not settled'), { component: this.name })
    this.close(new StreamError('internal-server-error'))
  }

  opened(opening: Opening): void {
    if (this.#phase !== 'opening') return this.close(new StreamError('policy-violation'))
    const domain = domainIn(opening.to)
    if (domain === undefined) return this.close(new StreamError('host-unknown'))
    this.name = domain
    this.everywhere = opening.header?.attr('is_subdomain') === 'true'
    this.#sendHeader()
    this.#phase = 'proving'
    // XEP-0114 has no features; who names a version understands them.
    const { tls } = this.options
    if (opening.version === undefined || tls === undefined || this.#wire.encrypted) return
    this.#send(StreamFeatures({}, tls.mode === 'starttls_required' ? StartTls({}, TlsRequired()) : StartTls()))
  }

  heard(bytes: number): boolean {
    if (this.#phase === 'closing') return false
    this.#kernel.counters.bytesIn += bytes
    const rest = this.#pause?.(bytes, this.#kernel.clock.monotonic()) ?? 0
    if (rest > 0) {
      this.#wire.hold()
      this.#kernel.timers.after(rest / 1000, () => this.#wire.release())
    }
    return true
  }

  received(element: Element, bytes: number): void {
    this.#elements.in.count(element, bytes)
    try {
      const waiting = this.#phase === 'known' ? this.#stanza(fromComponent(element)) : this.#stranger(element)
      if (waiting !== undefined) this.#wait(waiting)
    } catch (error) {
      this.failed(error)
    }
  }

  finished(): void {
    this.close()
  }

  failed(error: unknown): void {
    if (error instanceof StreamError) return this.close(error)
    if (error instanceof XmlError) return this.close(new StreamError(error.condition, error.message))
    this.#kernel.report('stream_failed', error, { component: this.name })
    this.close(new StreamError('internal-server-error'))
  }

  overflowed(): void {
    this.#kernel.counters.slowReadersClosed++
    this.#destroy()
  }

  taken(characters: number): void {
    this.#unsent.take(characters)
    this.#takenAt = this.#kernel.clock.monotonic()
  }

  lost(): void {
    if (this.#phase !== 'closing') this.#destroy()
  }

  /** What the component cannot have got goes back to who sent it. */
  gone(): void {
    this.#end()
    if (this.#isOver) return
    this.#isOver = true
    this.#owner.gone()
    for (const delivery of this.#unsent.clear()) this.#owner.components.bounce(delivery.stanza, delivery.from, delivery)
  }

  #end(): void {
    if (this.#phase === 'known') {
      this.#owner.components.remove(this)
      this.#log('component_gone', 'a component has gone')
    }
    this.#phase = 'closing'
    this.#timer?.cancel()
  }

  #destroy(): void {
    this.#end()
    this.#wire.destroy()
  }

  #send(element: Element, delivery?: Delivery): void {
    if (this.#unsent.characters === 0) this.#takenAt = this.#kernel.clock.monotonic()
    const length = this.#wire.send(element)
    this.#unsent.add(this.#wire.added, delivery)
    this.#elements.out.count(element, length)
  }

  #sendHeader(): void {
    this.#id = randomBytes(16).toString('hex')
    this.#wire.open({ id: this.#id, from: this.name === '' ? this.options.defaultDomain : this.name, to: undefined })
  }

  /** Before the handshake there is that, and TLS where it is offered; nothing else (S18). */
  #stranger(element: Element): void | Promise<void> {
    if (Handshake.is(element)) return this.#prove(text(element).trim())
    if (!StartTls.is(element) || this.options.tls === undefined || this.#wire.encrypted)
      throw new StreamError('not-authorized')
    // S20: what stands in clear behind <starttls/> was not sent by whom TLS will authenticate.
    if (this.#wire.buffered > 0) return this.#destroy()
    this.#phase = 'opening'
    this.#send(TlsProceed())
    this.#wire.restart()
    this.#wire.secure?.()
  }

  #prove(proof: string): void | Promise<void> {
    const { tls, password, maxFailuresPerIp } = this.options
    // S27: no proof in clear where TLS is required
    if (tls?.mode === 'starttls_required' && !this.#wire.encrypted)
      throw new StreamError('policy-violation', 'Use of STARTTLS required')
    const { guesses } = this.#kernel
    if (guesses.tooMany(this.#wire.ip, maxFailuresPerIp)) {
      this.#kernel.counters.loginsRefused++
      throw new StreamError('policy-violation', 'Too many failed handshakes')
    }
    if (isSame(proof, handshakeProof(this.#id, password))) return this.#succeeded()
    this.#owner.components.failures++
    this.#log('component_auth_failed', 'a component does not know the secret')
    const seconds = maxFailuresPerIp === Infinity ? 0 : guesses.failed(this.#wire.ip, undefined)
    const refusal = new StreamError('not-authorized', 'Invalid handshake')
    if (seconds === 0) throw refusal
    // S36: whoever guesses secrets waits
    return new Promise((_, reject) => void this.#kernel.timers.after(seconds, () => reject(refusal)))
  }

  #succeeded(): void {
    try {
      this.#owner.components.add(this)
    } catch (error) {
      this.#log('component_conflict', 'a component came for a domain that is taken')
      throw error
    }
    this.#owner.known()
    this.#timer?.cancel()
    this.#wire.limits = this.options.afterLogin
    this.#phase = 'known'
    this.#send(Handshake())
    this.#log('component_came', 'a component is there')
  }

  /** XEP-0114 §3: a stanza is from the component's domain, whatever stands before the @, and says for whom it is. */
  #stanza(stanza: Element): void | Promise<void> {
    const from = tryJid(stanza.attr('from'))
    const to = tryJid(stanza.attr('to'))
    const isGood = isStanza(stanza) && (stanza.name !== 'iq' || isProperIq(stanza))
    if (!isGood || from === undefined || to === undefined || !this.#maySendAs(from)) return this.#refuse(stanza)
    return this.#kernel.router.process(
      new Delivery(stanza.with({ from, to }), from, to, 'component', this.#kernel.clock.micros()),
    )
  }

  #maySendAs(from: Jid): boolean {
    return !this.options.checkFrom || this.#owner.components.owns(this, from)
  }

  #refuse(stanza: Element): void {
    if (mayBounce(stanza)) this.#send(errorReply(stanza, new StanzaError('modify', 'bad-request')))
  }

  /** While a step waits, nothing more is taken from the component. */
  #wait(waiting: Promise<void>): void {
    this.#wire.pause()
    this.#wire.hold()
    this.#waitingSince = this.#kernel.clock.monotonic()
    waiting
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.#waitingSince = undefined
        if (this.#phase !== 'closing') this.#wire.resume()
        this.#wire.release()
      })
  }

  #log(what: string, words: string): void {
    const { ip, port } = this.#wire
    this.#kernel.logs.area('core').info({ what, component: this.name, ip, port }, words)
  }
}

/** A domain as nameprep leaves it; undefined for what is none. */
function domainIn(address: string | undefined): string | undefined {
  const jid = tryJid(address)
  return jid?.local === '' && jid.resource === '' ? jid.domain : undefined
}

/** S70: compares in a time that tells nothing. */
function isSame(proof: string, expected: string): boolean {
  const [one, other] = [Buffer.from(proof), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
