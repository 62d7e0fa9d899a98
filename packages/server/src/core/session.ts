/** Sessions: a user's connected resources, as the kernel and the modules see them. */
import type { Jid, StreamError } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Gate, Held, InboundCounter, Way } from './gate.ts'
import { LostConnection } from './gate.ts'
import type { Handing } from './handover.ts'
import { type Order, PLACE, first, fold, notify } from './hooks.ts'

/** Fired when a session is bound and stands in the directory. */
export const sessionOpened = notify<[session: Session]>('session opened')
/** Fired when a session has left the directory, however it ended; `reason` is for logs. */
export const sessionClosed = notify<[session: Session, reason: string]>('session closed')
/** Fired when a client has sent something, white space included. */
export const sessionActive = notify<[session: Session]>('session active')
/**
 * Fired when the connection of a session is gone though the client has not ended its stream, or was taken from it. The session has no connection
 * by then. True when a listener keeps the session, until it ends it or another connection takes it over; otherwise the session ends.
 */
export const connectionLost = first<[session: Session, reason: string], boolean>('connection lost')
/** Fired when a session goes on without its connection. */
export const sessionKept = notify<[session: Session]>('session kept')
/** Handles what a client sends between authentication and binding that does not ask for a resource; true when it was understood. */
export const beforeBinding = first<[newcomer: Newcomer, element: Element], boolean>('before binding')
/** Handles what a client sends that is no stanza (stream management, client state); true when it was understood. */
export const nonza = first<[session: Session, element: Element], boolean>('nonza')
/** The stream features offered after authentication, besides resource binding. */
export const streamFeatures = fold<readonly Element[], [domain: string]>('stream features')

/** The stream features offered before authentication, besides STARTTLS and SASL. */
export const featuresBeforeLogin = fold<readonly Element[], [domain: string]>('features before login')
/** Answers an IQ that a client sends before it has authenticated (in-band registration); no answer means `not-authorized`. */
export const requestBeforeLogin = first<[iq: Element, stranger: Stranger], Element>('request before login')

/** A client that has not authenticated. */
export interface Stranger {
  /** The domain that its stream is for. */
  readonly domain: string
  readonly ip: string
  readonly encrypted: boolean
}

/** A client that has authenticated and has no resource yet. */
export interface Newcomer {
  /** Who it is: a bare JID. */
  readonly user: Jid
  /** Whether it has left since. */
  readonly gone: boolean
  /** Sends an element. */
  send(element: Element): void
  /** Ends its stream with an error. */
  fail(error: StreamError): void
  /** Makes this client's connection that of a session of the same user, which must have lost its own. Nothing is sent for that. */
  takeOver(session: Session): void
}

/** The transport's end of a session: the one way to a client's socket. */
export interface Connection {
  /** Puts a stanza in line for the client. Never blocks; a client that does not read is closed when its queue passes its cap. */
  send(stanza: Element): void
  /**
   * Asked by whoever sends much, between two stanzas. Resolves when the client's socket has taken what is in line, or is gone; undefined while
   * there is room for more. With `all`, undefined only when the socket has taken everything. A connection without this has always room.
   */
  ready?(all: boolean): Promise<void> | undefined
  /** Ends the stream, with a stream error if there is one. */
  close(error?: StreamError): void
  /** Drops the connection without another word. */
  destroy(): void
  readonly kind: string
  readonly ip: string
  readonly port: number
  readonly encrypted: boolean
}

interface Placed {
  readonly gate: Gate
  readonly place: Order
}

/** A bound resource of a user, connected to this process. */
export class Session {
  /** The full JID. */
  readonly jid: Jid
  readonly hostType: string
  /** Told of each stanza that the client sends; undefined when nobody counts. */
  inbound: InboundCounter | undefined
  /** When the session was opened: milliseconds since the epoch. */
  readonly openedAt: number
  /** The last available presence, undefined before the first and after an unavailable one. */
  presence: Element | undefined
  /** The priority of that presence; undefined while not available. */
  priority: number | undefined
  /** Resolves when all nodes know of the session; undefined when they do. */
  announced: Promise<void> | undefined
  /** Whether the session has ended; set before `sessionClosed` is fired. */
  closed = false
  #connection: Connection
  #gates: readonly Placed[] = []
  /** The way through the gates; undefined when there are none. */
  #way: Way | undefined
  #slots: Map<object, unknown> | undefined

  constructor(jid: Jid, hostType: string, connection: Connection, openedAt: number) {
    this.jid = jid
    this.hostType = hostType
    this.#connection = connection
    this.openedAt = openedAt
  }

  get connection(): Connection {
    return this.#connection
  }

  /** Whether the session is kept without a connection. */
  get lost(): boolean {
    return this.#connection instanceof LostConnection
  }

  /** Goes on over another connection. For the kernel and the listeners. */
  reconnect(connection: Connection): void {
    this.#connection = connection
  }

  /** Hands a stanza to the client; `at`: when the server received it (microseconds since the epoch), if that was not just now. */
  deliver(stanza: Element, at?: number, handing?: Handing): void {
    if (this.closed) return
    if (this.#way === undefined) this.#connection.send(stanza)
    else this.#way(stanza, at, handing)
  }

  /**
   * Asked by whoever sends much, after each stanza: undefined while there is room for more, else resolves when there is, or when the connection
   * is gone. With `all`: when the client's socket has taken everything.
   */
  ready(all = false): Promise<void> | undefined {
    return this.#connection.ready?.(all)
  }

  /** Puts a gate before the connection, behind those of earlier places. */
  addGate(gate: Gate, place: Order): void {
    this.#gates = [...this.#gates, { gate, place }].toSorted((a, b) => PLACE[a.place] - PLACE[b.place])
    let onward: Way = (stanza) => this.#connection.send(stanza)
    for (const { gate: each } of this.#gates.toReversed()) {
      each.onward = onward
      onward = (stanza, at, handing) => each.pass(stanza, at, handing)
    }
    this.#way = onward
  }

  /** What the client may not have, oldest first. */
  held(): Held[] {
    return this.#gates.toReversed().flatMap(({ gate }) => gate.held())
  }

  /** What a module remembers of this session, made on first use. */
  slot<T>(slot: SessionSlot<T>): T {
    this.#slots ??= new Map()
    let value = this.#slots.get(slot) as T | undefined
    if (value === undefined) {
      value = slot.make()
      this.#slots.set(slot, value)
    }
    return value
  }

  /** The module's memory if there is any. */
  peek<T>(slot: SessionSlot<T>): T | undefined {
    return this.#slots?.get(slot) as T | undefined
  }
}

/** A place in each session for one module's memory of it; it goes with the session. */
export interface SessionSlot<T> {
  readonly make: () => T
}

/** Declares what a module remembers of each session. */
export const sessionSlot = <T>(make: () => T): SessionSlot<T> => ({ make })
