/** A session whose client has enabled stream management, and what is done with it. */
import { type StanzaCondition, SmResumed, buildSmFailed } from '@meerkat/protocol'
import { type HandledCount, type Newcomer, type Session, type Timer, sessionSlot } from '../../core/module.ts'
import type { Outbound } from './outbound.ts'

/** A session whose client has enabled stream management. */
export interface Managed {
  /** What the client names when it resumes; undefined when it may not. */
  readonly id: string | undefined
  readonly inbound: HandledCount
  readonly outbound: Outbound
  /** Ends the session while it has no connection. */
  timer: Timer | undefined
  /** Who tries to take the session over; of several the last. */
  heir: object | undefined
  /** How many of the client's requests wait for commits. */
  waiting: number
}

/** The module's memory of a session. */
export const managedSlot = sessionSlot(() => ({ managed: undefined as Managed | undefined }))
/** The session's stream management; undefined when its client has not enabled it. */
export const managedOf = (session: Session): Managed | undefined => session.peek(managedSlot)?.managed

/** §5: first how much was handled, then what was not acknowledged, then what comes. */
export function takeOver(newcomer: Newcomer, session: Session, managed: Managed): void {
  managed.timer?.cancel()
  managed.timer = undefined
  newcomer.takeOver(session)
  session.connection.send(SmResumed({ previd: managed.id, h: managed.inbound.handled }))
  managed.outbound.resend()
}

/** Tells a client that its session cannot be resumed, and with `h` how much was handled in it. */
export function refuse(newcomer: Newcomer, condition: StanzaCondition, h: number | undefined): true {
  newcomer.send(buildSmFailed(condition, h))
  return true
}
