/** What mod_blocking may do with privacy lists: the blocked JIDs are the first items of the default list (XEP-0191 §5). */
import type { Jid } from '@meerkat/protocol'
import type { Host } from '../../core/module.ts'

/** Whom users have blocked altogether. Users are bare JIDs; changes are durable and apply when their promises resolve. */
export interface BlockApi {
  /** Those whom a user has blocked. */
  blocked(user: Jid): Promise<Jid[]>
  /** Blocks everything from and to these JIDs. */
  block(user: Jid, jids: readonly Jid[]): Promise<void>
  /** Ends that for these JIDs, or for all. */
  unblock(user: Jid, jids: readonly Jid[] | undefined): Promise<void>
}

const provided = new WeakMap<Host, BlockApi>()

/** The block lists of a host type; mod_privacy must be running there. */
export function blockListsOf(host: Host): BlockApi {
  const api = provided.get(host)
  if (api === undefined) throw new Error('mod_privacy is not running')
  return api
}

/** Lets others find the block lists; `undefined` when they are gone. For mod_privacy only. */
export function provideBlockLists(host: Host, api: BlockApi | undefined): void {
  if (api === undefined) provided.delete(host)
  else provided.set(host, api)
}
