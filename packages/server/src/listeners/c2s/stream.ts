/** A client's stream (RFC 6120 §4) over any transport: elements to the present stage and back; opening, restarts, errors and the end. */
import { type Jid, type StreamCondition, StreamError, StreamFeatures, tryJid } from '@meerkat/protocol'
import { type Element, XmlError } from '@meerkat/xml'
import type { Kernel } from '../../core/kernel.ts'
import type { Timer } from '../../core/timers.ts'
import type { Trace } from '../../core/tracing.ts'
import type { ElementTraffic } from '../../core/traffic.ts'
import { randomText } from '../../core/random.ts'
import { afterMicrotasks } from '../turn.ts'
import type { C2sOptions } from './options.ts'
import type { ChannelBindingData, Opening, Receiver, Wire } from './wire.ts'

/** What a stream does with elements at one stage of its life. */
export interface Stage {
  /** The client's full JID, once it has one. */
  readonly address?: Jid
  /** The content of `<stream:features/>` after the next stream header. */
  features(): readonly Element[] | Promise<readonly Element[]>
  /** Takes an element; the next one waits for a returned promise. Throws StreamError to end the stream. */
  element(element: Element): void | Promise<void>
  /** The client was heard of, if only by white space. */
  active?(): void
  /** The stream has ended; `lost` when it was not closed but the connection is gone. */
  closed?(reason: string, lost: boolean): void
}

/** How long a step may wait before the stream is given up, in milliseconds. */
const STUCK_MS = 120_000

/** How many elements wait for a client that is not told yet what its resource is. */
const MAX_HELD = 1000

/** How long a peer has to close its side after we have closed ours, in seconds. */
const CLOSE_SECONDS = 5

/** One connection of a client. */
export class ClientStream implements Receiver {
  readonly kernel: Kernel
  readonly options: C2sOptions
  readonly ip: string
  readonly port: number
  /** The domain the stream is for; undefined before the first header. */
  domain: string | undefined
  /** Who the client says it is in its stream header, and who it has proved to be. */
  #claimed: string | undefined
  #user: Jid | undefined
  readonly #wire: Wire
  #stage: Stage
  readonly #pause: ReturnType<C2sOptions['shaper']>
  #headerSent = false
  #held: Element[] | undefined
  #closing = false
  #ended = false
  /** Since when a step has waited, in milliseconds of the monotonic clock. */
  #waitingSince: number | undefined
  /** The traffic of the host type, once the client has said whom it wants. */
  #elements: ElementTraffic
  #timer: Timer | undefined
  readonly #onClose: () => void

  /** `wireTo` makes the transport's end, which brings things to the stream; `onClose` is called once when the connection is gone. */
  constructor(kernel: Kernel, options: C2sOptions, wireTo: (receiver: Receiver) => Wire, onClose: () => void) {
    this.kernel = kernel
    this.options = options
    this.#onClose = onClose
    this.#stage = NOT_YET
    this.#pause = options.shaper()
    this.#elements = kernel.traffic.elements('c2s')
    this.#wire = wireTo(this)
    this.ip = this.#wire.ip
    this.port = this.#wire.port
  }

  /** Begins with `stage`, and over TLS when the listener speaks it from the first byte. */
  start(stage: Stage): void {
    this.#stage = stage
    this.#timer = this.kernel.timers.after(this.options.authTimeoutMs / 1000, () => this.fail('connection-timeout'))
    if (this.options.tls?.mode === 'tls') this.#wire.secure?.()
  }

  get encrypted(): boolean {
    return this.#wire.encrypted
  }

  /** Whether nothing more is taken from or sent to the client. */
  get ended(): boolean {
    return this.#closing
  }

  /** RFC 9266: data that binds an authentication to this connection; undefined where there is none. */
  channelBinding(): ChannelBindingData | undefined {
    return this.#wire.channelBinding()
  }

  /** The client's certificate, in DER, if it has shown one that the listener takes. */
  certificate(): Buffer | undefined {
    return this.#wire.certificate?.()
  }

  /** What is sent from now on waits until the returned function sends something before it. */
  hold(): (first: Element) => void {
    const held: Element[] = []
    this.#held = held
    return (first) => {
      this.#held = undefined
      for (const element of [first, ...held]) this.send(element)
    }
  }

  /** Sends a stanza or any other child of the stream. */
  send(element: Element): void {
    if (this.#closing) return
    if (this.#held !== undefined) {
      this.#held.push(element)
      if (this.#held.length > MAX_HELD) this.overflowed()
      return
    }
    if (this.kernel.tracing.watched) this.#trace('SERVER_TO_CLIENT', element)
    this.#elements.out.count(element, this.#wire.send(element))
  }

  /** Undefined while there is room for more (with `all`: when everything was taken), else resolves when there is, or when the client is gone. */
  ready(all: boolean): Promise<void> | undefined {
    const waiting = this.#closing ? undefined : this.#wire.room?.(all)
    return waiting?.then(() => {
      // Slow as it may be, the client reads: the step goes on.
      if (this.#waitingSince !== undefined) this.#waitingSince = this.kernel.clock.monotonic()
    })
  }

  /** Tells those who watch of what a bound client sends and gets; what comes before that holds credentials, and is nobody's business (S90). */
  #trace(direction: Trace['direction'], element: Element): void {
    const { kernel, ip, port } = this
    const jid = this.#stage.address?.toString()
    if (jid === undefined) return
    kernel.tracing.tell({ connection: `${ip}:${port}`, jid, at: kernel.clock.micros(), direction, element })
  }

  /** Goes on with another stage; its features are sent after the client's next stream header (RFC 6120 §4.3.3). */
  restart(stage: Stage): void {
    this.#stage = stage
    this.#headerSent = false
    this.#wire.restart()
  }

  /** Goes on with another stage on the same stream. */
  become(stage: Stage): void {
    this.#stage = stage
    // It may have ended while the stage was made; nobody else would tell the stage.
    if (this.#ended) stage.closed?.('closed', false)
  }

  /** The client has proved who it is: the limits for authenticated clients hold. Throws StreamError when it claimed to be another. */
  trust(user: Jid): void {
    this.#user = user
    this.#checkClaim()
    this.#wire.limits = this.options.afterLogin
  }

  /** The session is bound: the time for logging in no longer runs. */
  settle(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** RFC 6120 §5.4.3.3: negotiates TLS on this connection; what follows is a new stream. */
  upgrade(proceed: Element): void {
    // S20: what stands in clear behind <starttls/> was not sent by whom TLS will authenticate.
    if (this.#wire.buffered > 0) return this.destroy('plaintext behind starttls')
    this.send(proceed)
    this.restart(this.#stage)
    this.#wire.secure?.()
  }

  /** Ends the stream with an error (RFC 6120 §4.9.1.1). */
  fail(condition: StreamCondition, text?: string): void {
    this.close(new StreamError(condition, text))
  }

  /** Ends the stream, with an error if there is one; the client has some seconds to close its side. */
  close(error?: StreamError): void {
    if (this.#closing) return
    // S10: nobody can be told anything before TLS is there
    if (!this.#wire.ready) return this.destroy(error?.condition)
    if (error !== undefined) {
      this.kernel.counters.streamErrors++
      this.#elements.out.streamErrors++
    }
    const silent = this.domain === undefined && this.options.hideServiceName
    // RFC 6120 §4.9.1.2: an error before our header still needs the header.
    if (!silent && !this.#headerSent) this.#sendHeader(undefined)
    this.#closing = true
    this.settle()
    this.#wire.close(error, silent)
    this.#timer = this.kernel.timers.after(CLOSE_SECONDS, () => this.#wire.destroy())
    this.#over(error?.condition ?? 'closed', false)
  }

  /** Drops the connection. */
  destroy(reason = 'destroyed'): void {
    this.#closing = true
    this.#wire.destroy()
    this.#over(reason, true)
  }

  #over(reason: string, lost: boolean): void {
    if (this.#ended) return
    this.#ended = true
    this.#stage.closed?.(reason, lost)
  }

  /** Counts what the client sent, and lets the shaper have its say; false when the stream has ended. */
  heard(bytes: number): boolean {
    if (this.#closing) return false
    this.kernel.counters.bytesIn += bytes
    this.#stage.active?.()
    const rest = this.#pause?.(bytes, this.kernel.clock.monotonic()) ?? 0
    if (rest > 0) {
      this.#wire.hold()
      this.kernel.timers.after(rest / 1000, () => this.#wire.release())
    }
    return true
  }

  /** The client opens its stream: ours is opened too, with the features of the stage. */
  opened(opening: Opening): void {
    this.#wait(this.#open(opening))
  }

  /** Hands an element to the stage. */
  received(element: Element, bytes: number): void {
    this.#elements.in.count(element, bytes)
    if (this.kernel.tracing.watched) this.#trace('CLIENT_TO_SERVER', element)
    let waiting: void | Promise<void>
    try {
      waiting = this.#stage.element(element)
    } catch (error) {
      return this.failed(error)
    }
    if (waiting !== undefined) this.#wait(waiting)
  }

  /** The client ends its stream. */
  finished(): void {
    this.close()
  }

  /** Ends the stream for what went wrong. */
  failed(error: unknown): void {
    if (error instanceof StreamError) return this.close(error)
    if (error instanceof XmlError) return this.fail(error.condition, error.message)
    this.kernel.report('stream_failed', error)
    this.fail('internal-server-error')
  }

  /** The client does not read what it is sent. */
  overflowed(): void {
    this.kernel.counters.slowReadersClosed++
    this.destroy('the client does not read')
  }

  /** The client has gone. */
  lost(reason: string): void {
    if (!this.#closing) this.destroy(reason)
  }

  /** The connection is no more. */
  gone(): void {
    this.settle()
    this.destroy('connection closed')
    this.#onClose()
  }

  /** While a step of the stream waits, nothing more is taken from the client. */
  #wait(waiting: Promise<void>): void {
    const wire = this.#wire
    wire.pause()
    this.#waitingSince = this.kernel.clock.monotonic()
    let over = false
    let held = false
    // Most steps wait for promises that are kept at once: to stop and start reading for those would cost more than many of them.
    afterMicrotasks(() => {
      if (over) return
      held = true
      wire.hold()
    })
    waiting
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        over = true
        this.#waitingSince = undefined
        if (!this.#closing) wire.resume()
        if (held) wire.release()
      })
  }

  /** Ends the stream when a step never ends: what is not read from cannot tell that its client has gone either. */
  endIfStuck(): void {
    if (this.#closing || this.#waitingSince === undefined) return
    if (this.kernel.clock.monotonic() - this.#waitingSince < STUCK_MS) return
    if (this.#wire.room?.(false) !== undefined) return this.overflowed()
    this.kernel.report('stream_stuck', new Error('a handler has not settled'), { user: this.#user?.toString() })
    this.fail('internal-server-error')
  }

  /** RFC 6120 §4.7: checks the client's stream header, answers with ours and the features of the stage. */
  async #open(opening: Opening): Promise<void> {
    this.#check(opening)
    // RFC 6120 §4.7.2: the address of the client if it gives one; what is none is not repeated
    this.#sendHeader(tryJid(opening.from)?.toString())
    const features = await this.#stage.features()
    if (!this.#closing) this.#wire.send(StreamFeatures({}, ...features))
  }

  #check(opening: Opening): void {
    const to = opening.to?.toLowerCase()
    if (to === undefined || this.kernel.hosts.of(to) === undefined) throw new StreamError('host-unknown')
    // S16: the domain of a stream does not change on a restart.
    if (this.domain !== undefined && this.domain !== to)
      throw new StreamError('host-unknown', 'The domain has changed.')
    this.domain = to
    this.#elements = this.kernel.traffic.elements('c2s', this.kernel.hosts.of(to)?.type)
    this.#claimed = opening.from
    this.#checkClaim()
    // RFC 6120 §4.7.5: only 1.0 and its successors have features
    if (!/^[1-9]\d?\.\d{1,2}$/.test(opening.version ?? '')) throw new StreamError('unsupported-version')
  }

  /** RFC 6120 §4.7.1: whom the stream header says the client is, and whom SASL has proved it to be, are the same. */
  #checkClaim(): void {
    if (this.#user === undefined || this.#claimed === undefined) return
    if (tryJid(this.#claimed)?.bare.equals(this.#user) !== true) throw new StreamError('invalid-from')
  }

  #sendHeader(to: string | undefined): void {
    this.#headerSent = true
    const id = randomText(16, 'hex')
    this.#wire.open({ id, from: this.domain ?? this.options.defaultDomain, to })
  }
}

const NOT_YET: Stage = { features: () => [], element: () => undefined }
