/** What the admin API asks of mod_last. */
import type { Jid } from '@meerkat/protocol'
import type { Host } from '../../core/module.ts'

/** When a user was last there. */
export interface LastSeen {
  /** Since the epoch. */
  readonly seconds: number
  /** The status with which the user has left; '' for none. */
  readonly status: string
}

/** The last activity of a host type's users. */
export interface LastActivity {
  /** Undefined for a user (a bare JID) who has never left. */
  of(user: Jid): Promise<LastSeen | undefined>
  /** Resolves when it is stored. */
  set(user: Jid, seen: LastSeen): Promise<void>
  /** Everybody at `domain`, by the name before the @, in pages. */
  at(domain: string): AsyncIterable<ReadonlyMap<string, LastSeen>>
}

const provided = new WeakMap<Host, LastActivity>()

/** The last activity of a host type's users; undefined while mod_last is not running there. */
export const lastActivityOf = (host: Host): LastActivity | undefined => provided.get(host)

/** Lets others find it. For mod_last only. */
export function provideLastActivity(host: Host, activity: LastActivity | undefined): void {
  if (activity === undefined) provided.delete(host)
  else provided.set(host, activity)
}
