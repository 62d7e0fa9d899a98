/** What mod_presence tells others about the availability of sessions (RFC 6121 §4). Nobody waits for the listeners. */
import type { Element } from '@meerkat/xml'
import { type Session, notify } from '../../core/module.ts'

/**
 * Fired before `userAvailable`, in the step in which the directory gets the new presence: nothing was sent to the session for it yet. Unless the
 * session ends, `userAvailable` follows when the broadcast has gone out or has failed.
 */
export const userArriving = notify<[session: Session]>('user arriving')

/**
 * Fired when a session starts to take messages for its user: its priority has become 0 or more, and was negative or none before. So it is fired
 * by the first such presence of a session, and again when the session returns from an unavailable presence or a negative priority.
 * The directory has the new presence by then, and the broadcast has gone out.
 */
export const userAvailable = notify<[session: Session]>('user available')

/**
 * Fired for every available presence that a session broadcasts, once the directory has it and it has gone out. `before` is the presence that it
 * replaces: undefined for the first of a session, and for the first after an unavailable one.
 */
export const presenceChanged =
  notify<[session: Session, presence: Element, before: Element | undefined]>('presence changed')

/**
 * Fired when an available session is so no more: it has sent `presence`, of type unavailable, or it has ended and the server says it for the
 * session. Not fired for sessions that were never available. The directory has no presence of the session any more.
 */
export const userUnavailable = notify<[session: Session, presence: Element]>('user unavailable')
