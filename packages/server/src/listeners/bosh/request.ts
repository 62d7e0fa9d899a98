/** What a BOSH session is begun with, and goes on with. */
import type { Socket } from 'node:net'
import type { Element } from '@meerkat/xml'
import type { Reply } from './reply.ts'

/** What was agreed on when the session began. */
export interface BoshTerms {
  /** Seconds that a request is held at most. */
  readonly wait: number
  /** How many requests are held: 0 or 1. */
  readonly hold: number
  /** The version of XEP-0124 that both know. */
  readonly ver: string
  /** Seconds without a request, and seconds of a pause; `Infinity`: for ever. */
  readonly inactivity: number
  readonly maxPause: number
  readonly acks: boolean
}

/** Where a session comes from. */
export interface BoshOrigin {
  readonly ip: string
  readonly port: number
  readonly encrypted: boolean
  /** The connection that brought the first request. */
  readonly socket: Socket
}

/** A request as it came. */
export interface BoshRequest {
  readonly rid: number
  readonly body: Element
  readonly bytes: number
  readonly reply: Reply
}
