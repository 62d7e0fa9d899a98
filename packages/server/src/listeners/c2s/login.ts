/** The stage before authentication: STARTTLS (RFC 6120 §5), SASL (§6), and what may be asked without an account. */
import {
  Abort,
  Auth,
  ChannelBinding,
  Iq,
  type Jid,
  Mechanism,
  Mechanisms,
  Response,
  SaslChannelBinding,
  SaslError,
  StartTls,
  StreamError,
  TlsFailure,
  TlsProceed,
  TlsRequired,
  errorReply,
  StanzaError,
} from '@meerkat/protocol'
import { BindingMismatch, EXTERNAL, mechanismInfo, mechanismNames } from '@meerkat/protocol/sasl'
import type { Element } from '@meerkat/xml'
import type { Accounts } from '../../core/accounts.ts'
import type { Host } from '../../core/host.ts'
import { featuresBeforeLogin, requestBeforeLogin } from '../../core/session.ts'
import { BindStage } from './bind.ts'
import { SaslExchange } from './sasl.ts'
import type { ClientStream, Stage } from './stream.ts'

/** A client that has not yet proved who it is. */
export class LoginStage implements Stage {
  readonly #stream: ClientStream
  readonly #loggedIn: () => void
  #exchange: SaslExchange | undefined
  #attempts = 0
  /** The mechanisms that were tried with another channel binding. */
  readonly #mismatched = new Set<string>()
  /** The mechanisms that were offered last. */
  #offer: readonly string[] | undefined

  /** `loggedIn` is called when the client has authenticated. */
  constructor(stream: ClientStream, loggedIn: () => void) {
    this.#stream = stream
    this.#loggedIn = loggedIn
  }

  /** XEP-0170: STARTTLS alone while it is required, else STARTTLS, SASL and the rest. */
  async features(): Promise<readonly Element[]> {
    const stream = this.#stream
    const { tls } = stream.options
    const offerTls = tls !== undefined && !stream.encrypted
    if (offerTls && tls.mode === 'starttls_required') return [StartTls({}, TlsRequired())]
    const names = (this.#offer = this.#offered())
    const features: Element[] = offerTls ? [StartTls()] : []
    if (names.some((name) => mechanismInfo(name)?.plus === true))
      features.push(SaslChannelBinding({}, ChannelBinding({ type: 'tls-exporter' })))
    features.push(Mechanisms({}, ...names.map((name) => Mechanism({}, name))))
    return this.#host().hooks.fold(featuresBeforeLogin, features, stream.domain!)
  }

  element(element: Element): void | Promise<void> {
    if (StartTls.is(element)) return this.#startTls()
    if (Auth.is(element)) return this.#auth(element)
    if (Response.is(element)) return this.#respond(element)
    if (Abort.is(element)) return this.#failed(new SaslError('aborted'))
    if (Iq.is(element)) return this.#request(element)
    // S18, RFC 6120 §4.9.3.12: nothing else may be sent before authentication.
    throw new StreamError('not-authorized')
  }

  #host(): Host {
    return this.#stream.kernel.hosts.of(this.#stream.domain!)!
  }

  #accounts(): Accounts {
    return this.#host().accounts.only(this.#stream.options.authMethods)
  }

  /** The mechanisms offered on this connection: what the host's accounts can serve, as configured, and as the channel allows. */
  #offered(): string[] {
    const stream = this.#stream
    const served = this.#accounts().mechanisms()
    const configured = stream.options.mechanisms(this.#host().type) ?? mechanismNames
    const canBind = stream.channelBinding() !== undefined
    const plain = stream.encrypted || stream.options.allowPlainWithoutTls
    return configured.filter((name) => {
      const info = mechanismInfo(name)
      if (info === undefined) return false
      // RFC 6120 §6.3.4: only to whom has shown a certificate that is taken
      if (name === EXTERNAL) return served.has(name) && stream.certificate() !== undefined
      if (info.plus) return canBind && served.has(name.slice(0, -'-PLUS'.length))
      // S26, RFC 6120 §13.9: no password in the clear
      return served.has(name) && (info.hash !== undefined || plain)
    })
  }

  #startTls(): void {
    const stream = this.#stream
    if (stream.options.tls !== undefined && !stream.encrypted) {
      // RFC 6120 §5.4.3.3: what was said in clear is forgotten.
      this.#exchange = undefined
      this.#offer = undefined
      return stream.upgrade(TlsProceed())
    }
    // RFC 6120 §5.4.2.2: the failure also ends the stream
    stream.send(TlsFailure())
    stream.close()
  }

  #auth(auth: Element): void | Promise<void> {
    const stream = this.#stream
    if (this.#exchange !== undefined) return this.#failed(new SaslError('malformed-request'))
    if (stream.options.tls?.mode === 'starttls_required' && !stream.encrypted)
      return this.#failed(new SaslError('encryption-required', 'Use of STARTTLS required'))
    const name = auth.attr('mechanism') ?? ''
    const offered = this.#offer ?? this.#offered()
    // S26: what is not offered is not accepted either
    if (!offered.includes(name)) {
      const needsTls = name === 'PLAIN' && !stream.encrypted
      return this.#failed(new SaslError(needsTls ? 'encryption-required' : 'invalid-mechanism'))
    }
    if (stream.kernel.guesses.tooMany(this.#address(), stream.options.maxFailuresPerIp)) {
      stream.kernel.counters.loginsRefused++
      return this.#failed(new SaslError('temporary-auth-failure'))
    }
    this.#exchange = new SaslExchange(stream, this.#host(), this.#accounts(), name, offered)
    return this.#step(auth)
  }

  #respond(response: Element): void | Promise<void> {
    if (this.#exchange === undefined) return this.#failed(new SaslError('malformed-request'))
    return this.#step(response)
  }

  async #step(message: Element): Promise<void> {
    const began = performance.now()
    const { authorize } = this.#host().accounts.counters
    const tried = (): void => authorize.observe((performance.now() - began) * 1000)
    const exchange = this.#exchange!
    try {
      const user = await exchange.step(message)
      if (user === undefined) return
      tried()
      this.#succeeded(user)
    } catch (error) {
      tried()
      if (error instanceof StreamError) throw error
      if (this.#isNoAttempt(error, exchange)) return this.#refused(error)
      if (error instanceof SaslError && error.condition === 'not-authorized') await this.#slowDown(exchange.account)
      this.#failed(error)
    }
  }

  /**
   * RFC 5802 §6: a client may have to go through several mechanisms until it finds one whose channel binding it has, or that has none. Once for
   * each of them that is no guess at a password.
   */
  #isNoAttempt(error: unknown, { name }: SaslExchange): boolean {
    if (!(error instanceof BindingMismatch) || this.#mismatched.has(name)) return false
    this.#mismatched.add(name)
    return true
  }

  /** The client's address, where it is known. */
  #address(): string | undefined {
    const { options, ip } = this.#stream
    return options.sharedAddress ? undefined : ip
  }

  /** S36: whoever guesses passwords waits; nobody else does. */
  #slowDown(account: Jid | undefined): void | Promise<void> {
    const { kernel, options } = this.#stream
    if (options.maxFailuresPerIp === Infinity) return
    const seconds = kernel.guesses.failed(this.#address(), account)
    if (seconds > 0) return new Promise((resolve) => void kernel.timers.after(seconds, resolve))
  }

  #succeeded(user: Jid): void {
    const stream = this.#stream
    if (stream.ended) return
    stream.kernel.guesses.succeeded(user)
    this.#loggedIn()
    stream.restart(new BindStage(stream, user))
  }

  /** RFC 6120 §6.4.5: a failure leaves the stream open for another try, a limited number of times. */
  #failed(error: unknown): void {
    this.#refused(error)
    if (++this.#attempts >= this.#stream.options.authAttempts)
      this.#stream.fail('policy-violation', 'Too many failed authentications')
  }

  #refused(error: unknown): void {
    const stream = this.#stream
    this.#exchange = undefined
    this.#host().counters.authFailures++
    const known = error instanceof SaslError
    const condition = known ? error.condition : 'temporary-auth-failure'
    const who = { domain: stream.domain, ip: stream.ip, port: stream.port }
    const reason = known ? error.text : undefined
    stream.kernel.logs.area('auth').info({ what: 'auth_failed', ...who, condition, reason }, 'a login failed')
    if (!known) stream.kernel.report('authentication_failed', error)
    stream.send((known ? error : new SaslError('temporary-auth-failure')).toElement())
  }

  async #request(iq: Element): Promise<void> {
    const stream = this.#stream
    // S27: no password of a new account in clear either
    if (stream.options.tls?.mode === 'starttls_required' && !stream.encrypted) throw new StreamError('not-authorized')
    const stranger = { domain: stream.domain!, ip: stream.ip, encrypted: stream.encrypted }
    try {
      const answer = await this.#host().hooks.first(requestBeforeLogin, iq, stranger)
      // S18: nobody takes stanzas of a client that has not authenticated
      if (answer === undefined) throw new StreamError('not-authorized')
      stream.send(answer)
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error
      stream.send(errorReply(iq, error))
    }
  }
}
