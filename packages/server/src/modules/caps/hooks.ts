/** What mod_caps tells others. Nobody waits for the listeners. */
import { type Session, notify } from '../../core/module.ts'
import type { Features } from './api.ts'

/**
 * Fired when the features of an available session have become known or are other ones: after a presence of it, which has gone out by then, and when
 * its client has answered if it had to be asked.
 */
export const featuresKnown = notify<[session: Session, features: Features]>('caps recognised')
