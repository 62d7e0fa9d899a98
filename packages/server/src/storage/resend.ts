/**
 * Resent messages: same sender and recipient (bare JIDs) and same origin-id (XEP-0359) within a day. What remembers a message is a write
 * in the unit that keeps it, so that a message is kept and remembered together or not at all.
 */
import { type Write } from '../core/database.ts'

/** How long a message is remembered, in microseconds: 24 hours. */
export const REMEMBERED = 24 * 3600 * 1_000_000

const REMEMBER = `INSERT INTO dedup (sender, recipient, origin_id, at) VALUES (?, ?, ?, ?)
  ON CONFLICT (sender, recipient, origin_id) DO UPDATE SET at = excluded.at WHERE dedup.at <= ?`

/** Remembers a message sent at `at` (microseconds since 1970); refuses the unit with `resent` when it is remembered already. */
export function remembering(sender: string, recipient: string, originId: string, at: number, resent: Error): Write {
  return { sql: REMEMBER, params: [sender, recipient, originId, at, at - REMEMBERED], orElse: resent }
}

/** Removes what need not be remembered any longer at the time `now`; to be committed now and then. */
export function forgettingResent(now: number): Write {
  return { sql: 'DELETE FROM dedup WHERE at <= ?', params: [now - REMEMBERED] }
}
