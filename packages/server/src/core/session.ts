/** Sessions: a user's connected resources, as the kernel and the modules see them. */
import type { Jid, StreamError } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { first, fold, notify } from './hooks.ts'

/** Fired when a session is bound and stands in the directory. */
export const sessionOpened = notify<[session: Session]>('session opened')
/** Fired when a session has left the directory, however it ended; `reason` is for logs. */
export const sessionClosed = notify<[session: Session, reason: string]>('session closed')
/** Fired when a client has sent something, white space included. */
export const sessionActive = notify<[session: Session]>('session active')
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

/** The transport's end of a session: the one way to a client's socket. */
export interface Connection {
  /** Puts a stanza in line for the client. Never blocks; a client that does not read is closed when its queue passes its cap. */
  send(stanza: Element): void
  /** Ends the stream, with a stream error if there is one. */
  close(error?: StreamError): void
  /** Drops the connection without another word. */
  destroy(): void
  readonly kind: string
  readonly ip: string
  readonly port: number
  readonly encrypted: boolean
}

/** A bound resource of a user, connected to this process. */
export class Session {
  /** The full JID. */
  readonly jid: Jid
  readonly hostType: string
  readonly connection: Connection
  /** When the session was opened: milliseconds since the epoch. */
  readonly openedAt: number
  /** The last available presence, undefined before the first and after an unavailable one. */
  presence: Element | undefined
  /** The priority of that presence; undefined while not available. */
  priority: number | undefined
  /** Whether the session has ended; set before `sessionClosed` is fired. */
  closed = false
  #slots: Map<object, unknown> | undefined

  constructor(jid: Jid, hostType: string, connection: Connection, openedAt: number) {
    this.jid = jid
    this.hostType = hostType
    this.connection = connection
    this.openedAt = openedAt
  }

  /** Hands a stanza to the client. */
  deliver(stanza: Element): void {
    if (!this.closed) this.connection.send(stanza)
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
