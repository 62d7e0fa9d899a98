/** What mod_stream_management tells others. */
import type { Element } from '@meerkat/xml'
import { type Session, notify } from '../../core/module.ts'

/**
 * Fired for each message that a session without a connection holds for its client: when the connection is lost, for those that the client has not
 * acknowledged, and then for each one that comes. The client gets them when it resumes; until then it may need to be woken.
 */
export const messageUnacknowledged = notify<[session: Session, message: Element]>('message unacknowledged')
