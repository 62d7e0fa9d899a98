/** What a client throws besides the errors that XMPP itself has on the wire. */
import { type Element } from '@meerkat/xml'
import { type Ended, printEnd, printInstead } from './describe.ts'

/** Nothing that was waited for came in time. */
export class TimeoutError extends Error {
  /** What was waited for, in words. */
  readonly waitedFor: string
  /** What came and has not been received, oldest first. */
  readonly instead: readonly Element[]

  constructor(waitedFor: string, timeoutMs: number, instead: readonly Element[] = []) {
    super(`waited ${timeoutMs} ms for ${waitedFor}; ${printInstead(instead)}`)
    this.name = 'TimeoutError'
    this.waitedFor = waitedFor
    this.instead = instead
  }
}

/** The stream has ended, so that what was waited for can't come, or what was to be sent can't be. */
export class ClosedError extends Error {
  readonly ended: Ended
  /** What came and has not been received, oldest first. */
  readonly instead: readonly Element[]

  constructor(purpose: string, ended: Ended, instead: readonly Element[] = []) {
    super(`${purpose}: ${printEnd(ended)}; ${printInstead(instead)}`, { cause: ended.streamError ?? ended.error })
    this.name = 'ClosedError'
    this.ended = ended
    this.instead = instead
  }
}

/** Negotiation can't go on, because the server does not offer, or refuses, what the options ask for. */
export class NegotiationError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NegotiationError'
  }
}
