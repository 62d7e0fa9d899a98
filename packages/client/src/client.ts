/** An XMPP client: one stream to a server, step by step or all at once (RFC 6120). */
import { type Element } from '@meerkat/xml'
import { Iq, type Jid, Ping, readStanzaError, tryJid } from '@meerkat/protocol'
import { type ChannelBinding, type ClientMechanism } from '@meerkat/protocol/sasl'
import { type Ended } from './describe.ts'
import { ClosedError, TimeoutError } from './errors.ts'
import { type Predicate } from './inbox.ts'
import { authenticate, bind, openStream, startTls, type StreamAttributes } from './negotiate.ts'
import { type ClientOptions, type Settings, settingsOf } from './options.ts'
import { type StanzaListener, Stream } from './stream.ts'
import { waiting } from './waiting.ts'
import { type Wire } from './wire.ts'

/** How long one wait may last. */
export interface WaitOptions {
  /** Milliseconds; what the client's options say unless given. */
  readonly timeoutMs?: number | undefined
  /** What is waited for, in words, for the error of a wait in vain. */
  readonly what?: string | undefined
}

/**
 * A connection to a server. What comes in is kept, in order, until it is received; answers to `request` go to whoever
 * asked. Nothing is sent that was not asked for, but the end of the stream in answer to the server's.
 */
export class Client implements AsyncIterable<Element> {
  readonly options: ClientOptions
  /** The options with their defaults. */
  readonly settings: Settings
  readonly #stream: Stream
  #features: Element | undefined
  #lastId = 0

  /** Begins to connect; `openSocket` waits until that is done. Throws for options that make no sense. */
  constructor(options: ClientOptions) {
    this.options = options
    this.settings = settingsOf(options)
    this.#stream = new Stream(options, this.settings)
  }

  /** The address: as in the options, and after `bind` the one that the server gave. */
  get jid(): Jid {
    return this.#stream.jid
  }

  /** The features that the server offered last (RFC 6120 §4.3.2). */
  get features(): Element | undefined {
    return this.#features
  }

  /** Resolves when the connection is gone, with how it came to that; never rejects. */
  get closed(): Promise<Ended> {
    return this.#stream.closed
  }

  /** How the connection ended; undefined while it is open. */
  get ended(): Ended | undefined {
    return this.#stream.ended
  }

  /** What came and has not been received, oldest first. */
  get pending(): readonly Element[] {
    return this.#stream.inbox.contents
  }

  /** The last lines of the conversation, `> ` for what was sent and `< ` for what came. */
  get history(): readonly string[] {
    return this.#stream.history.lines
  }

  /** Bytes of XML received since the connection was opened, after decryption. */
  get bytesReceived(): number {
    return this.#stream.wire.bytesReceived
  }

  /** Bytes of XML sent since the connection was opened, before encryption. */
  get bytesSent(): number {
    return this.#stream.wire.bytesSent
  }

  /** Whether the connection is encrypted. */
  get secure(): boolean {
    return this.#stream.wire.secure
  }

  /** The socket, for what only it knows: addresses, and under TLS version, cipher and certificate. */
  get socket(): Wire['socket'] {
    return this.#stream.wire.socket
  }

  /** The channel's binding for SASL; undefined without TLS 1.3 (RFC 9266). */
  get channelBinding(): ChannelBinding | undefined {
    return this.#stream.wire.channelBinding
  }

  /** Waits for the connection that the constructor began. */
  opened(): Promise<void> {
    return this.#stream.wire.opened(this.settings.timeoutMs)
  }

  /** Sends a stream header and resolves with the features; `attributes` replace or, when undefined, remove what it says. */
  async openStream(attributes?: StreamAttributes): Promise<Element> {
    this.#features = await openStream(this, attributes)
    return this.#features
  }

  /** Changes to TLS (RFC 6120 §5); a new stream has to be opened afterwards. Rejects with NegotiationError or what TLS says. */
  startTls(): Promise<void> {
    return startTls(this, () => this.#stream.startTls())
  }

  /**
   * Logs in (RFC 6120 §6) with a mechanism by name, the best one that is offered, or one of the caller's making; a new
   * stream has to be opened afterwards. Rejects with SaslError.
   */
  authenticate(mechanism: string | ClientMechanism | undefined = this.options.mechanism): Promise<void> {
    return authenticate(this, mechanism)
  }

  /** Binds a resource (RFC 6120 §7) and resolves with the full address. Rejects with StanzaError. */
  async bind(resource: string = this.settings.jid.resource): Promise<Jid> {
    this.#stream.jid = await bind(this, resource)
    return this.jid
  }

  /** An id that this client has not used yet. */
  nextId(): string {
    return `q${++this.#lastId}`
  }

  /** Sends an element. Throws ClosedError when the connection is gone. */
  send(element: Element): void {
    this.#stream.send(element)
  }

  /** Sends text or bytes as they are. Throws ClosedError when the connection is gone. */
  sendRaw(bytes: string | Uint8Array): void {
    this.#stream.sendRaw(bytes)
  }

  /** Resolves when the operating system has taken everything that was sent. */
  flushed(): Promise<void> {
    return this.#stream.wire.flushed()
  }

  /** Stops reading from the network, as a slow device does. */
  pause(): void {
    this.#stream.wire.pause()
  }

  /** Reads from the network again. */
  resume(): void {
    this.#stream.wire.resume()
  }

  /** Sends an IQ, with an id if it has none, and resolves with the result. Rejects with the StanzaError that came instead. */
  async request(iq: Element, options: WaitOptions = {}): Promise<Element> {
    const answer = await this.#ask(iq, options)
    if (answer.attr('type') === 'error') throw readStanzaError(answer)
    return answer
  }

  /**
   * Waits until the server has gone through everything sent before, and resolves with what had come by then and was not
   * received. The barrier is a ping (XEP-0199) to the server, which need not support it: an error is an answer, too.
   */
  async barrier(options: WaitOptions = {}): Promise<readonly Element[]> {
    let contents: readonly Element[] = []
    const ping = Iq({ type: 'get', to: this.jid.domain }, Ping())
    const look = (): void => {
      contents = this.pending
    }
    await this.#ask(ping, { what: 'the answer to a ping', ...options }, look)
    return contents
  }

  /** The oldest element that came and matches, whenever it comes; those before it stay. Rejects with TimeoutError or ClosedError. */
  receive(matches: Predicate = () => true, options: WaitOptions = {}): Promise<Element> {
    const { what = 'an element', timeoutMs = this.settings.timeoutMs } = options
    return this.#stream.inbox.take(matches, what, timeoutMs)
  }

  /** Forgets what came and was not received, and returns it. */
  drop(): readonly Element[] {
    return this.#stream.inbox.clear()
  }

  /** Has `listener` see each element before it is kept for `receive`; call the result to stop that. */
  onStanza(listener: StanzaListener): () => void {
    const { listeners } = this.#stream
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** Receives one element after the other, without a limit of time, until the stream ends; rejects when it ends with an error. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Element, void, void> {
    for (;;) {
      const next = await this.#nextOrEnd()
      if (next === undefined) return
      yield next
    }
  }

  /** Ends the stream, waits for the server's end (RFC 6120 §4.4) and resolves with how it came. Rejects with TimeoutError. */
  close(options: WaitOptions = {}): Promise<Ended> {
    this.#stream.sendEnd()
    return this.waitForEnd({ what: "the server's end of the stream", ...options })
  }

  /** Resolves when the connection is gone. Rejects with TimeoutError, and breaks the connection, when that takes too long. */
  waitForEnd(options: WaitOptions = {}): Promise<Ended> {
    const { what = 'the end of the stream', timeoutMs = this.settings.timeoutMs } = options
    const late = (): Error => {
      this.destroy()
      return new TimeoutError(what, timeoutMs, this.pending)
    }
    const wait = waiting<Ended>(timeoutMs, late, () => {})
    void this.closed.then((ended) => wait.resolve(ended))
    return wait.promise
  }

  /** Breaks the connection without a word. */
  destroy(): void {
    this.#stream.wire.destroy()
  }

  /** `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #ask(iq: Element, options: WaitOptions, arrived?: () => void): Promise<Element> {
    const { requests } = this.#stream
    const id = iq.attr('id') ?? this.nextId()
    if (requests.has(id)) throw new TypeError(`A request with the id ${id} has not been answered yet.`)
    const { what = `the answer to ${id}`, timeoutMs = this.settings.timeoutMs } = options
    this.send(iq.attr('id') === undefined ? iq.with({ id }) : iq)
    const late = (): Error => new TimeoutError(what, timeoutMs, this.pending)
    const wait = waiting<Element>(timeoutMs, late, () => requests.remove(id))
    requests.add(id, { ...wait, to: tryJid(iq.attr('to')), what, arrived })
    return wait.promise
  }

  /** The next element; undefined when the stream has ended as it should. */
  async #nextOrEnd(): Promise<Element | undefined> {
    try {
      return await this.receive(undefined, { timeoutMs: Infinity })
    } catch (error) {
      const inOrder = error instanceof ClosedError && error.cause === undefined
      if (inOrder) return undefined
      throw error
    }
  }
}
