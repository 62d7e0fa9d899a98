/** What happens on a connection: bytes to elements, elements to whoever waits for them, and how it ends. */
import { type Element, serialize, StreamParser } from '@meerkat/xml'
import {
  CLIENT_NS,
  isRequest,
  type Jid,
  Ping,
  result,
  type StreamError,
  StreamErrorTag,
  Success,
  TlsProceed,
} from '@meerkat/protocol'
import { type Ended } from './describe.ts'
import { ClosedError } from './errors.ts'
import { History } from './history.ts'
import { Inbox } from './inbox.ts'
import { type ClientOptions, type Settings } from './options.ts'
import { Requests } from './requests.ts'
import { readStreamError } from './stream-error.ts'
import { Wire } from './wire.ts'

/** Sees a stanza before it is kept for `receive`; true means it is taken care of. */
export type StanzaListener = (stanza: Element) => boolean | void

/** The machinery under a client. */
export class Stream {
  /** The client's own address, which is another one after binding. */
  jid: Jid
  readonly wire: Wire
  readonly inbox: Inbox
  readonly requests = new Requests()
  readonly history: History
  readonly listeners = new Set<StanzaListener>()
  /** Resolves with `ended` when the connection is gone. */
  readonly closed: Promise<Ended>
  /** Undefined while the connection is open. */
  ended: Ended | undefined
  readonly #options: ClientOptions
  readonly #settings: Settings
  readonly #settleClosed: (ended: Ended) => void
  #parser: StreamParser
  #streamError: StreamError | undefined
  #error: Error | undefined
  #sentEnd = false
  #receivedEnd = false

  /** Begins to connect. */
  constructor(options: ClientOptions, settings: Settings) {
    const { promise, resolve } = Promise.withResolvers<Ended>()
    this.closed = promise
    this.#settleClosed = resolve
    this.#options = options
    this.#settings = settings
    this.jid = settings.jid
    this.inbox = new Inbox(settings.queue)
    this.history = new History(options.log)
    this.#parser = this.#newParser()
    this.wire = new Wire(settings, settings.tls === 'direct' ? settings.tlsOptions : undefined, {
      data: (chunk) => this.#read(chunk),
      closed: (error) => this.#finish(error),
    })
  }

  /** Sends an element. Throws ClosedError. */
  send(element: Element): void {
    this.#mustBeOpen()
    this.history.add('out', element)
    this.wire.write(serialize(element, CLIENT_NS))
  }

  /** Sends text or bytes as they are. Throws ClosedError. */
  sendRaw(bytes: string | Uint8Array): void {
    this.#mustBeOpen()
    this.history.add('out', typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString())
    this.wire.write(bytes)
  }

  /** Ends this side of the stream, once. */
  sendEnd(): void {
    if (this.#sentEnd || this.ended !== undefined) return
    this.#sentEnd = true
    this.sendRaw('</stream:stream>')
  }

  /** Changes to TLS, behind `<proceed/>`. */
  async startTls(): Promise<void> {
    const injected = this.#parser.buffered
    // S20: what was sent in the clear behind <proceed/> must not be taken for what comes under TLS.
    if (injected > 0) throw this.#fail(new Error(`${injected} bytes came in the clear behind <proceed/>`))
    this.#parser = this.#newParser()
    await this.wire.startTls(this.#settings.tlsOptions, this.#settings.timeoutMs)
  }

  #newParser(): StreamParser {
    const handler = {
      open: (header: Element) => this.#take(header),
      element: (element: Element) => this.#element(element),
      close: () => this.#peerClosed(),
    }
    return new StreamParser(handler, this.#options.limits)
  }

  #read(chunk: Buffer): void {
    try {
      this.#parser.write(chunk)
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #element(element: Element): void {
    this.history.add('in', element)
    if (StreamErrorTag.is(element)) {
      this.#streamError = readStreamError(element)
      return
    }
    this.#followNegotiation(element)
    if (this.requests.settle(element, this.jid)) return
    if (this.#options.answerPings === true && isRequest(element) && Ping.in(element)) this.send(result(element))
    else this.#take(element)
  }

  /** Behind these two a new document begins, and behind the first one it is encrypted. */
  #followNegotiation(element: Element): void {
    if (TlsProceed.is(element)) this.#parser.pause()
    else if (Success.is(element)) this.#parser.reset()
  }

  #take(element: Element): void {
    for (const listener of this.listeners) if (listener(element) === true) return
    if (!this.inbox.put(element)) {
      this.#fail(new Error(`more than ${this.#settings.queue} stanzas came and were not received`))
    }
  }

  /** RFC 6120 §4.4: the end of the other side is answered with the own one. */
  #peerClosed(): void {
    this.history.add('in', '</stream:stream>')
    this.#receivedEnd = true
    this.sendEnd()
    this.wire.end()
  }

  /** Gives up because of `error`, which it returns. */
  #fail(error: Error): Error {
    this.#error ??= error
    this.#parser.stop()
    this.wire.destroy(error)
    return error
  }

  #finish(error: Error | undefined): void {
    const ended: Ended = {
      streamError: this.#streamError,
      // Whatever happens to a connection behind the end of its stream is no fault.
      error: this.#error ?? (this.#receivedEnd ? undefined : error),
      clean: this.#receivedEnd,
    }
    this.ended = ended
    this.requests.end(ended, this.inbox.contents)
    this.inbox.end(ended)
    this.#settleClosed(ended)
  }

  #mustBeOpen(): void {
    if (this.ended !== undefined) throw new ClosedError('nothing can be sent', this.ended, this.inbox.contents)
  }
}
