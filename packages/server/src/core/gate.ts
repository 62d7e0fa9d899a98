/** What a module can put between a session and its connection. */
import type { StreamError } from '@meerkat/protocol'
import { type Element, parseElement, serialize } from '@meerkat/xml'
import { ARCHIVED, type Handing } from './handover.ts'
import type { Connection, Session } from './session.ts'

/** A stanza that a session has taken and of which nobody knows that the client has it. */
export interface Held {
  readonly stanza: Element
  /** When the server received it: microseconds since the epoch. */
  readonly at: number
  /** What came along with a message. */
  readonly handing?: Handing | undefined
}

/** What a gate holds, in words for another node. */
export type HeldWords = readonly [stanza: string, at: number, archived: boolean]

export const packHeld = ({ stanza, at, handing }: Held): HeldWords => [
  serialize(stanza),
  at,
  handing?.archived === true,
]

/** What was packed at another node. */
export function unpackHeld([words, at, archived]: HeldWords): Held {
  return { stanza: parseElement(words), at, handing: archived ? ARCHIVED : undefined }
}

/** The way of stanzas to a client, or from one gate to the next. */
export type Way = (stanza: Element, at?: number, handing?: Handing) => void

/** Stands between a session and its connection: takes each stanza for the client and lets it through, now or later. */
export abstract class Gate {
  /** Where what the gate lets through goes; the session sets it. */
  onward: Way = () => undefined
  /** Takes a stanza for the client; `at`: when the server received it, if that is known; `handing`: what came along with it. */
  abstract pass(stanza: Element, at?: number, handing?: Handing): void
  /** What the client may not have, oldest first; when the session ends it goes to others. */
  abstract held(): readonly Held[]

  /**
   * Lets through what is held, in the order in which the server received it: what has come by way of another node may be late. One of them may end
   * the session, as when it is too much for a client that does not read: what is behind it is still held then, and goes where the session's end
   * sends it.
   */
  protected letThrough(session: Session, held: Held[]): void {
    held.sort((one, other) => one.at - other.at)
    while (held.length > 0 && !session.closed) {
      const { stanza, at, handing } = held.shift()!
      this.onward(stanza, at, handing)
    }
  }
}

/** Told of every stanza that the client of a session sends, in order. */
export interface InboundCounter {
  /**
   * A stanza was received. `ending` resolves when everything that it leaves behind is durable or was refused, and never rejects; undefined when that has
   * happened already.
   */
  count(ending: Promise<void> | undefined): void
}

/** The connection of a session that has none. */
export class LostConnection implements Connection {
  readonly kind: string
  readonly ip: string
  readonly port: number
  readonly encrypted: boolean
  readonly #end: (error?: StreamError) => void

  /** `before` is the connection that was lost; `end` ends the session. */
  constructor(before: Connection, end: (error?: StreamError) => void) {
    this.kind = before.kind
    this.ip = before.ip
    this.port = before.port
    this.encrypted = before.encrypted
    this.#end = end
  }

  send(): void {
    // What has to reach the client waits in a gate.
  }

  close(error?: StreamError): void {
    // What is lost cannot time out.
    if (error?.condition !== 'connection-timeout') this.#end(error)
  }

  destroy(): void {
    // It is gone already.
  }
}
