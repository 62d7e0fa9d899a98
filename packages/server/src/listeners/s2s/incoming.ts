/** A stream that another server has opened to this one (RFC 6120 §4–§8). */
import { randomBytes } from 'node:crypto'
import {
  Auth,
  DIALBACK_NS,
  DialbackErrors,
  DialbackFeature,
  Mechanism,
  Mechanisms,
  SaslError,
  STREAM_MANAGEMENT_NS,
  StartTls,
  type StreamCondition,
  StreamError,
  StreamFeatures,
  StreamManagement,
  Success,
  TlsFailure,
  TlsProceed,
  TlsRequired,
  tryJid,
} from '@meerkat/protocol'
import { type Element, XmlError, text } from '@meerkat/xml'
import type { InboundCounter } from '../../core/gate.ts'
import type { Kernel } from '../../core/kernel.ts'
import type { Timer } from '../../core/timers.ts'
import type { ElementTraffic } from '../../core/traffic.ts'
import type { Socket } from 'node:net'
import { type CertificateNames, certificateNames, standsFor } from './certificate-names.ts'
import { DialbackIn } from './dialback-in.ts'
import type { Federation } from './federation.ts'
import { Link, type Header, type LinkOwner } from './link.ts'
import type { Pause, S2sListenerOptions } from './options.ts'
import { Receipts } from './receipts.ts'
import { receiveStanza } from './receive.ts'
import { trustedCertificate } from './trust.ts'
import { isStanzaName } from './words.ts'

/** How often a server may fail to show who it is on one connection. */
const MOST_FAILURES = 3
/** How long what has come may take to be handled before a stream is closed, in seconds. */
const LAST_COMMIT_SECONDS = 3

/** A stream from another server. */
export class IncomingStream implements LinkOwner {
  readonly kernel: Kernel
  readonly federation: Federation
  readonly #options: S2sListenerOptions
  readonly #link: Link
  readonly #pause: Pause
  readonly #onGone: () => void
  readonly #onTrusted: () => void
  readonly #dialback: DialbackIn
  readonly #receipts: Receipts
  /** Who may send to whom: `from to`, domains. */
  readonly #pairs = new Set<string>()
  /** The pair that the last stanza was for. */
  #from = ''
  #to = ''
  #traffic: ElementTraffic
  #timer: Timer
  #header: { readonly to: string; readonly from: string | undefined } | undefined
  #isAnswered = false
  #id = ''
  #names: CertificateNames | undefined
  #isExternal = false
  #failures = 0
  #isOver = false
  #heardAt: number

  /** `onTrusted` is called once the first domain is known, `onGone` when the connection is no more. */
  constructor(
    federation: Federation,
    options: S2sListenerOptions,
    socket: Socket,
    onTrusted: () => void,
    onGone: () => void,
  ) {
    this.kernel = federation.kernel
    this.federation = federation
    this.#options = options
    this.#onTrusted = onTrusted
    this.#onGone = onGone
    this.#pause = options.shaper()
    this.#traffic = this.kernel.traffic.elements('s2s')
    this.#heardAt = this.kernel.clock.monotonic()
    this.#dialback = new DialbackIn(this)
    this.#receipts = new Receipts(this)
    this.#link = new Link(this.kernel, socket, options.beforeLogin, this)
    this.#timer = this.kernel.timers.after(options.authTimeoutMs / 1000, () => this.fail('connection-timeout'))
    if (options.tls?.mode === 'tls') this.#link.acceptTls(options.tls)
  }

  /** The id of the present stream. */
  get id(): string {
    return this.#id
  }

  get ip(): string {
    return this.#link.ip
  }

  /** Whether what is said may count: where TLS is required there must be TLS (S73). */
  get isSafe(): boolean {
    return this.#link.encrypted || this.#options.tls?.mode !== 'starttls_required'
  }

  /** The pairs of domains between which stanzas may come, as `from to`. */
  get pairs(): ReadonlySet<string> {
    return this.#pairs
  }

  /** Whether a domain of the other server is known. */
  get isKnown(): boolean {
    return this.#pairs.size > 0
  }

  /** Whether the other server may learn what was handled (XEP-0198). */
  get acknowledges(): boolean {
    return this.#header !== undefined && this.federation.acknowledges(this.#header.to)
  }

  /** Who is told of each stanza; undefined when nobody wants to know. */
  get counter(): InboundCounter | undefined {
    return this.#receipts.counter
  }

  /** Whether stanzas may come from the one domain to the other. */
  mayCome(from: string, to: string): boolean {
    if (from === this.#from && to === this.#to) return true
    if (!this.#pairs.has(`${from} ${to}`)) return false
    this.#from = from
    this.#to = to
    return true
  }

  /** Whether the other server's certificate stands for a domain. */
  certifies(domain: string): boolean {
    return this.#names !== undefined && standsFor(this.#names, domain)
  }

  /** Sends a child of the stream. */
  send(element: Element): void {
    if (this.#isOver) return
    this.#traffic.out.count(element, this.#link.send(element))
    // What is said here are short answers: who does not take them wants to make the server hold them.
    if (this.#link.waiting > this.#options.outboundBytes) this.#link.destroy('the other server does not read')
  }

  /** From now on stanzas may come from the one domain to the other. */
  allow(from: string, to: string): void {
    if (this.#isOver) return
    if (this.#pairs.size === 0) {
      this.#link.limits = this.#options.afterLogin
      this.#timer.cancel()
      this.#watch()
      this.#onTrusted()
    }
    this.#pairs.add(`${from} ${to}`)
    this.kernel.logs.area('s2s').info({ what: 's2s_in', from, to, ip: this.ip }, 'a domain of another server is known')
  }

  /** A domain could not be shown to be the other server's; a stream that has none, or fails often, ends. */
  denied(from: string, to: string): void {
    this.kernel.counters.s2sAuthFailed++
    this.kernel.logs.area('s2s').info({ what: 's2s_denied', from, to, ip: this.ip }, 'a domain was not shown')
    if (this.#pairs.size === 0 || ++this.#failures >= MOST_FAILURES) this.close()
  }

  /** Ends the stream with an error. */
  fail(condition: StreamCondition, words?: string): void {
    this.close(new StreamError(condition, words))
  }

  /** Ends the stream, with an error if there is one. */
  close(error?: StreamError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer.cancel()
    // RFC 6120 §4.9.1.2: an error before our header still needs the header.
    if (!this.#isAnswered) this.#answer(this.#options.defaultDomain, undefined)
    if (error !== undefined) this.#traffic.out.streamErrors++
    const { settled } = this.#receipts
    if (settled === undefined) this.#end(error)
    else void this.#endBehind(settled, error)
  }

  /** What has come is handled before the end. */
  async #endBehind(settled: Promise<void>, error: StreamError | undefined): Promise<void> {
    const late = this.kernel.timers.after(LAST_COMMIT_SECONDS, () => this.#end(error))
    await settled
    late.cancel()
    this.#end(error)
  }

  /** XEP-0198 §7: what was handled is acknowledged before the end, so that nothing of it comes again. */
  #end(error: StreamError | undefined): void {
    const { last } = this.#receipts
    if (last !== undefined) this.#link.send(last)
    this.#receipts.reset()
    this.#link.close(error)
  }

  destroy(reason: string): void {
    this.#link.destroy(reason)
  }

  opened(header: Header): void {
    if (this.#isOver) return
    try {
      this.#open(header)
    } catch (error) {
      this.failed(error)
    }
  }

  #open({ to, from, version }: Header): void {
    const local = domainOf(to)
    if (to === undefined) throw new StreamError('improper-addressing')
    if (local === undefined || !this.federation.isOurs(local)) throw new StreamError('host-unknown')
    const remote = domainOf(from)
    if (from !== undefined && remote === undefined) throw new StreamError('improper-addressing')
    // S16: the domains of a stream do not change on a restart.
    if (this.#header !== undefined && (this.#header.to !== local || this.#header.from !== remote))
      throw new StreamError('host-unknown', 'The domains have changed.')
    this.#header = { to: local, from: remote }
    this.#traffic = this.kernel.traffic.elements('s2s', this.kernel.hosts.of(local)?.type)
    this.#answer(local, remote)
    // RFC 6120 §4.7.5: only 1.0 and its successors have features
    if (!/^[1-9]\d?\.\d{1,2}$/.test(version ?? '')) throw new StreamError('unsupported-version')
    this.#link.send(StreamFeatures({}, ...this.#features()))
  }

  #answer(from: string, to: string | undefined): void {
    this.#isAnswered = true
    this.#id = randomBytes(16).toString('hex')
    this.#link.open({ id: this.#id, from, to })
  }

  #features(): Element[] {
    const { tls } = this.#options
    const offersTls = tls !== undefined && !this.#link.encrypted
    if (offersTls && tls.mode === 'starttls_required') return [StartTls({}, TlsRequired())]
    const features = offersTls ? [StartTls()] : []
    if (this.#offersExternal()) features.push(Mechanisms({}, Mechanism({}, 'EXTERNAL')))
    features.push(DialbackFeature({}, DialbackErrors()))
    // XEP-0198 §2 and §5: where stanzas may come next. A dialback brings no other features, so it stands beside that; <enable/> has to wait.
    if (this.acknowledges) features.push(StreamManagement())
    return features
  }

  /** S76, XEP-0178 §3: EXTERNAL is offered only to whom it will let in. */
  #offersExternal(): boolean {
    const { to, from } = this.#header!
    if (this.#isExternal || from === undefined) return false
    return this.certifies(from) && this.federation.allows(to, from)
  }

  received(element: Element, bytes: number): void {
    if (this.#isOver) return
    this.#traffic.in.count(element, bytes)
    this.#heard(bytes)
    try {
      const waiting = this.#take(element)
      if (waiting === undefined) return
      // What comes next waits, so that nothing overtakes this.
      this.#link.pause()
      void waiting.catch((error: unknown) => this.failed(error)).finally(() => this.#link.resume())
    } catch (error) {
      this.failed(error)
    }
  }

  #take(element: Element): void | Promise<void> {
    const { name, ns } = element
    if (StartTls.is(element)) return this.#startTls()
    if (Auth.is(element)) return this.#auth(element)
    if (ns === DIALBACK_NS) return this.#dialback.element(element)
    if (ns === STREAM_MANAGEMENT_NS) return this.#receipts.element(element)
    if (this.#pairs.size === 0) throw new StreamError('not-authorized')
    if (!isStanzaName(name)) throw new StreamError('unsupported-stanza-type')
    return receiveStanza(this, element)
  }

  #startTls(): void {
    const { tls } = this.#options
    if (tls === undefined || this.#link.encrypted) {
      this.send(TlsFailure())
      return this.close()
    }
    // S20: what stands in clear behind <starttls/> was not sent by whom TLS will authenticate.
    if (this.#link.buffered > 0) return this.destroy('plaintext behind starttls')
    // What was shown in clear is forgotten.
    this.#pairs.clear()
    this.#receipts.reset()
    this.#from = ''
    this.send(TlsProceed())
    this.#link.restart()
    this.#link.acceptTls(tls)
  }

  secured(): void {
    const { tls } = this.#link
    const raw = tls && trustedCertificate(tls, this.#options.roots, this.kernel.clock.now())
    if (raw === undefined && this.#options.tls?.requireCertificate === true)
      return this.destroy('no trusted certificate')
    this.#names = raw && certificateNames(raw)
  }

  /** RFC 6120 §6.3.8, XEP-0178 §3: the domain that is asked for is that of the stream, and the certificate stands for it. */
  #auth(auth: Element): void {
    if (auth.attr('mechanism') !== 'EXTERNAL' || !this.#offersExternal())
      return this.#refuse(new SaslError(this.isSafe ? 'invalid-mechanism' : 'encryption-required'))
    const { from, to } = this.#header!
    const asked = text(auth).trim()
    const identity = asked === '' || asked === '=' ? from : domainOf(Buffer.from(asked, 'base64').toString('utf8'))
    if (identity !== from) return this.#refuse(new SaslError('invalid-authzid'))
    this.#isExternal = true
    this.send(Success())
    this.#link.restart()
    this.allow(from!, to)
  }

  #refuse(error: SaslError): void {
    this.kernel.counters.s2sAuthFailed++
    this.send(error.toElement())
    if (++this.#failures >= MOST_FAILURES) this.fail('policy-violation', 'Too many attempts.')
  }

  #heard(bytes: number): void {
    this.#heardAt = this.kernel.clock.monotonic()
    const rest = this.#pause(bytes, this.#heardAt)
    if (rest <= 0) return
    this.#link.hold()
    this.kernel.timers.after(rest / 1000, () => this.#link.release())
  }

  /** Ends the stream when the other server has been silent for long. */
  #watch(): void {
    const rest = this.#options.idleTimeoutMs - (this.kernel.clock.monotonic() - this.#heardAt)
    if (this.#isOver || rest === Infinity) return
    if (rest <= 0) return this.fail('connection-timeout')
    this.#timer = this.kernel.timers.after(rest / 1000, () => this.#watch())
  }

  failed(error: unknown): void {
    if (error instanceof StreamError) return this.close(error)
    if (error instanceof XmlError) return this.fail(error.condition, error.message)
    this.kernel.report('s2s_stream_failed', error)
    this.fail('internal-server-error')
  }

  finished(): void {
    this.close()
  }

  drained(): void {}

  gone(): void {
    this.#isOver = true
    this.#timer.cancel()
    this.#onGone()
  }
}

/** The domain that a text is; undefined when it is none. */
export function domainOf(words: string | undefined): string | undefined {
  const jid = tryJid(words)
  return jid === undefined || jid.local !== '' || jid.resource !== '' ? undefined : jid.domain
}
