/** The seam between a client's stream and its transport: TCP (RFC 6120 §4), WebSocket (RFC 7395) or BOSH (XEP-0206). */
import type { StreamError } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { StreamLimits } from './options.ts'

/** What a client says when it opens a stream, however its transport spells it. */
export interface Opening {
  readonly to: string | undefined
  readonly from: string | undefined
  readonly version: string | undefined
  /** The start tag, where the transport has one. */
  readonly header?: Element
}

/** Our answer to an opening. */
export interface Answer {
  readonly id: string
  readonly from: string
  readonly to: string | undefined
}

/** Data that both ends of a connection can derive, and nobody else (RFC 9266). */
export interface ChannelBindingData {
  readonly type: string
  readonly data: Buffer
}

/** A transport's end of one client's stream. */
export interface Wire {
  readonly ip: string
  readonly port: number
  /** How many bytes of a client wait to be looked at. */
  readonly buffered: number
  /** Whether nobody between the client and this server, or the proxy before it, can read along. */
  readonly encrypted: boolean
  /** Whether the client can be told anything; not so during a TLS handshake. */
  readonly ready: boolean
  /** What the client may make the server hold; set anew, it holds from the next element on. */
  limits: StreamLimits
  /** Undefined where the transport has none. */
  channelBinding(): ChannelBindingData | undefined
  /** The certificate that the client has shown, in DER, if the listener takes it; a transport without this has none. */
  certificate?(): Buffer | undefined
  /** Tells the client that its stream is open. */
  open(answer: Answer): void
  /** Puts an element in line and returns the length of its text. */
  send(element: Element): number
  /**
   * Undefined while there is room for more (with `all`: when everything was taken), else resolves when the client has taken what is in line, or is
   * gone. A transport without this has always room.
   */
  room?(all: boolean): Promise<void> | undefined
  /** Says the error, if there is one, and ends the stream; `silent`: says nothing. Nothing more is handed out. */
  close(error: StreamError | undefined, silent: boolean): void
  /** Drops the connection; the receiver hears `gone` once it is no more. */
  destroy(): void
  /** What follows is a new stream (RFC 6120 §4.3.3). */
  restart(): void
  /** Hands nothing more out until `resume`. */
  pause(): void
  resume(): void
  /** Reads nothing more from the client's connection until `release`; calls are counted. */
  hold(): void
  release(): void
  /** Goes over to TLS, once what is in line is written. Only where the transport has it to offer. */
  secure?(): void
}

/** Who takes what a transport brings: the stream. */
export interface Receiver {
  /** The client has sent `bytes`; false when nobody wants them any more. */
  heard(bytes: number): boolean
  /** The client opens its stream, or opens it anew. */
  opened(opening: Opening): void
  /** An element of the stream, and how many bytes it took. */
  received(element: Element, bytes: number): void
  /** The client ends its stream. */
  finished(): void
  /** What the client sent is wrong, by an `XmlError` or a `StreamError`; or something broke. */
  failed(error: unknown): void
  /** For who keeps count: so many more characters of what was put in line have left this process. */
  taken?(characters: number): void
  /** The client takes too little of what it is sent. */
  overflowed(): void
  /** The client has gone, or must go: the receiver destroys the connection, unless it is closing it anyway. */
  lost(reason: string): void
  /** The connection is no more; called once. */
  gone(): void
}
