/** A stream that this server opens to another one (RFC 6120 §4–§6): TLS, then SASL EXTERNAL (XEP-0178) or dialback (XEP-0220). */
import type { Socket } from 'node:net'
import {
  Auth,
  DialbackResult,
  Mechanism,
  Mechanisms,
  SaslFailure,
  SmAck,
  SmEnable,
  SmFailed,
  SmRequest,
  StartTls,
  StreamErrorTag,
  StreamError,
  StreamFeatures,
  StreamManagement,
  Success,
  TlsProceed,
  dialbackKey,
  errorCondition,
  handledCountTooHigh,
  readCount,
} from '@meerkat/protocol'
import { type Element, XmlError, text } from '@meerkat/xml'
import type { Kernel } from '../../core/kernel.ts'
import type { Timer } from '../../core/timers.ts'
import { certificateNames, standsFor } from './certificate-names.ts'
import { domainOf } from './incoming.ts'
import { type Header, Link, type LinkOwner } from './link.ts'
import type { AckOptions, S2sOptions } from './options.ts'
import { trustedCertificate } from './trust.ts'
import type { Parcel } from './outlet.ts'
import { Unacknowledged } from './unacknowledged.ts'

/** What a stream is for. */
export interface Purpose {
  readonly local: string
  readonly remote: string
  /** `send` shows that we are `local`; `verify` only asks about others. */
  readonly kind: 'send' | 'verify'
  /** TLS from the first byte. */
  readonly directTls: boolean
  /** Whether the certificate may show who we are. */
  readonly external: boolean
}

/** Who uses the stream once it is there. */
export interface OutgoingUser {
  received(element: Element): void
  drained(): void
  /** The connection is no more; called once, and only after the stream was ready. */
  gone(reason: string): void
}

type Step = 'tls' | 'features' | 'proceed' | 'success' | 'dialback' | 'ready' | 'over'

const REQUEST = SmRequest()
/** How long the other server may take to acknowledge the last stanzas before a stream is closed, in seconds. */
const LAST_ACK_SECONDS = 3

/** How many steps the other server has for dialback, in which it must find and ask us. */
const DIALBACK_STEPS = 4

/** A stream to another server. */
export class OutgoingStream implements LinkOwner {
  readonly #kernel: Kernel
  readonly #options: S2sOptions
  readonly #purpose: Purpose
  readonly #link: Link
  readonly #ready = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<void>()
  #user: OutgoingUser | undefined
  #step: Step = 'features'
  #timer: Timer | undefined
  #id = ''
  #isAuthenticated = false
  #offersAcks = false
  /** Undefined when the other server acknowledges nothing. */
  #unacknowledged: Unacknowledged | undefined
  /** Whether a certificate was tried and refused. */
  wasRefused = false

  constructor(kernel: Kernel, options: S2sOptions, socket: Socket, purpose: Purpose) {
    this.#kernel = kernel
    this.#options = options
    this.#purpose = purpose
    this.#ready.promise.catch(() => undefined)
    this.#link = new Link(kernel, socket, options.limits, this)
    if (purpose.directTls) {
      this.#await('tls')
      this.#link.startTls(options.tls, purpose.remote, true)
    } else this.#open()
  }

  /** Resolves when the stream can be used. Rejects when it cannot. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Resolves when the connection is no more. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** Whether the other server takes what it is sent. */
  get hasRoom(): boolean {
    return this.#link.hasRoom && this.#unacknowledged?.isFull !== true
  }

  /** How many stanzas the other server has not acknowledged. */
  get unacknowledged(): number {
    return this.#unacknowledged?.size ?? 0
  }

  get encrypted(): boolean {
    return this.#link.encrypted
  }

  /** Hands what comes from now on to someone. */
  use(user: OutgoingUser): void {
    this.#user = user
  }

  /** Sends an element; a stanza in a parcel comes back from `undelivered` while it is not acknowledged, or has not left. */
  send(element: Element, parcel?: Parcel): number {
    const { local } = this.#purpose
    const bytes = this.#link.send(element, parcel)
    this.#kernel.traffic.elements('s2s', this.#kernel.hosts.of(local)?.type).out.count(element, bytes)
    if (parcel !== undefined) {
      parcel.characters = bytes
      parcel.sendings++
      this.#unacknowledged?.add(parcel)
    }
    return bytes
  }

  /** What was not acknowledged, oldest first; where nothing is, what has not left. */
  undelivered(): readonly Parcel[] {
    return this.#unacknowledged?.parcels ?? this.unsent()
  }

  /** What has not left, oldest first. */
  unsent(): readonly Parcel[] {
    return this.#link.undelivered()
  }

  /** Ends the stream when the other server has acknowledged what it was sent, or has had some seconds for that. */
  async finish(): Promise<void> {
    const settled = this.#unacknowledged?.settled
    if (settled !== undefined) {
      const late = this.#kernel.timers.after(LAST_ACK_SECONDS, () => this.#link.close())
      this.#unacknowledged!.ask()
      await settled
      late.cancel()
    }
    this.#link.close()
    await this.#ended.promise
  }

  close(error?: StreamError): void {
    this.#link.close(error)
  }

  destroy(reason: string): void {
    this.#link.destroy(reason)
  }

  #open(): void {
    const { local, remote } = this.#purpose
    this.#await('features')
    this.#link.open({ from: local, to: remote })
  }

  #await(step: Step): void {
    this.#step = step
    this.#timer?.cancel()
    if (step === 'ready' || step === 'over') return
    const steps = step === 'dialback' ? DIALBACK_STEPS : 1
    const seconds = (this.#options.stateTimeoutMs * steps) / 1000
    this.#timer = this.#kernel.timers.after(seconds, () =>
      this.#fail(`no answer (${step})`, new StreamError('connection-timeout')),
    )
  }

  #fail(reason: string, error?: StreamError): void {
    if (this.#step === 'over') return
    const wasReady = this.#step === 'ready'
    this.#await('over')
    this.#unacknowledged?.stop()
    this.#ready.reject(new Error(reason))
    this.#link.close(error)
    if (wasReady) this.#user?.gone(reason)
  }

  opened({ from, id, version }: Header): void {
    if (this.#step !== 'features') return this.#fail('a stream header out of turn', new StreamError('bad-format'))
    const sender = domainOf(from)
    if (from !== undefined && sender !== this.#purpose.remote)
      return this.#fail(`answers as ${sender}`, new StreamError('invalid-from'))
    this.#id = id ?? ''
    // XEP-0220 §2.1.1: servers from before XMPP 1.0 have no features
    if (version === undefined) this.#features(StreamFeatures())
  }

  received(element: Element, bytes: number): void {
    if (this.#step === 'over') return
    const { local } = this.#purpose
    const { name } = element
    this.#kernel.traffic.elements('s2s', this.#kernel.hosts.of(local)?.type).in.count(element, bytes)
    if (StreamErrorTag.is(element)) return this.#fail(`stream error: ${errorCondition(element) ?? 'unknown'}`)
    if (this.#step === 'ready') return this.#used(element)
    if (this.#step === 'features' && StreamFeatures.is(element)) return this.#features(element)
    if (this.#step === 'proceed' && TlsProceed.is(element)) return this.#secure()
    if (this.#step === 'success' && (Success.is(element) || SaslFailure.is(element))) return this.#answered(element)
    if (this.#step === 'dialback' && DialbackResult.is(element)) return this.#shown(element)
    this.#fail(`<${name}/> out of turn`, new StreamError('unsupported-stanza-type'))
  }

  /** S71: this stream has asked what it has asked; answers to anything else change nothing, and stanzas come over other streams. */
  #used(element: Element): void {
    if (SmAck.is(element)) return this.#acknowledged(element)
    if (SmRequest.is(element)) return void this.#link.send(SmAck({ h: 0 }))
    if (SmFailed.is(element)) return this.#goWithout()
    this.#user?.received(element)
  }

  /** XEP-0198 §4 and §6. */
  #acknowledged(ack: Element): void {
    if (this.#unacknowledged === undefined) return
    const { isFull, sent } = this.#unacknowledged
    const h = readCount(ack.attr('h'))
    if (h === undefined || !this.#unacknowledged.acknowledge(h))
      return this.#fail(`acknowledges ${h} of ${sent} stanzas`, handledCountTooHigh(h, sent))
    if (isFull) this.#user?.drained()
  }

  /** XEP-0198 §6: the other server acknowledges nothing, after all. */
  #goWithout(): void {
    this.#unacknowledged?.stop()
    this.#unacknowledged = undefined
    this.#user?.drained()
  }

  #features(features: Element): void {
    const { tls } = this.#options
    if (!this.#link.encrypted) {
      if (StartTls.in(features) !== undefined) {
        this.#await('proceed')
        return void this.#link.send(StartTls())
      }
      // S73: nothing is said in clear where TLS is required
      if (tls.mode !== 'starttls') return this.#fail('offers no TLS', new StreamError('policy-violation'))
    }
    this.#offersAcks = StreamManagement.in(features) !== undefined
    if (this.#purpose.kind === 'verify' || this.#isAuthenticated) return this.#finish()
    const mechanisms = Mechanisms.in(features)
    const offered = mechanisms !== undefined && Mechanism.all(mechanisms).some((each) => text(each) === 'EXTERNAL')
    if (offered && this.#link.encrypted && tls.ownCertificate && this.#purpose.external) return this.#authenticate()
    this.#claim()
  }

  #secure(): void {
    // S20: what stands in clear behind <proceed/> was not sent by whom TLS will authenticate.
    if (this.#link.buffered > 0) return this.destroy('plaintext behind proceed')
    this.#await('tls')
    this.#link.restart()
    this.#link.startTls(this.#options.tls, this.#purpose.remote, false)
  }

  secured(): void {
    const { tls } = this.#link
    const raw = tls && trustedCertificate(tls, undefined, this.#kernel.clock.now())
    // RFC 6120 §13.7.2: it must be for the domain, whatever the host is called that DNS has named
    const isTrusted = raw !== undefined && standsFor(certificateNames(raw), this.#purpose.remote)
    if (!isTrusted && this.#options.tls.mustTrust)
      return this.#fail(raw === undefined ? 'its certificate is not trusted' : 'its certificate is for others')
    this.#open()
  }

  /** XEP-0178 §3: who we are stands in the certificate, and we say it once more. */
  #authenticate(): void {
    this.#await('success')
    this.#link.send(Auth({ mechanism: 'EXTERNAL' }, Buffer.from(this.#purpose.local).toString('base64')))
  }

  #answered(element: Element): void {
    if (SaslFailure.is(element)) {
      this.wasRefused = true
      return this.#claim()
    }
    this.#isAuthenticated = true
    this.#link.restart()
    this.#open()
  }

  /** XEP-0220 §2.1.1: claims our domain with a key that only our servers know. */
  #claim(): void {
    const { local, remote } = this.#purpose
    this.#await('dialback')
    const key = dialbackKey(this.#options.secret, { receiving: remote, originating: local, streamId: this.#id })
    this.#link.send(DialbackResult({ from: local, to: remote }, key))
  }

  #shown(result: Element): void {
    const { local, remote } = this.#purpose
    // S71: an answer about other domains is none
    if (domainOf(result.attr('from')) !== remote || domainOf(result.attr('to')) !== local) return
    if (result.attr('type') === 'valid') return this.#finish()
    this.#fail(`dialback: ${errorCondition(result) ?? result.attr('type') ?? 'no answer'}`)
  }

  #finish(): void {
    this.#await('ready')
    const { acks } = this.#options
    // XEP-0198 §3: what is sent behind <enable/> counts, whether the answer has come or not.
    if (acks !== undefined && this.#offersAcks && this.#purpose.kind === 'send') this.#enable(acks)
    this.#ready.resolve()
  }

  #enable(acks: AckOptions): void {
    this.#link.send(SmEnable())
    this.#unacknowledged = new Unacknowledged(this.#kernel, acks, {
      ask: () => void this.#link.send(REQUEST),
      silent: () => this.#fail('does not acknowledge', new StreamError('connection-timeout')),
    })
  }

  failed(error: unknown): void {
    if (error instanceof StreamError || error instanceof XmlError)
      return this.#fail(error.message, new StreamError(error.condition))
    this.#kernel.report('s2s_stream_failed', error)
    this.#fail('failed', new StreamError('internal-server-error'))
  }

  finished(): void {
    this.#fail('stream closed')
  }

  drained(): void {
    this.#user?.drained()
  }

  gone(reason: string): void {
    this.#fail(reason)
    this.#ended.resolve()
  }
}
