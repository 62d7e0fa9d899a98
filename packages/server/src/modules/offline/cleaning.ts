/** Cleaning the mailboxes of a domain: a page of one mailbox at a time, so that it costs no memory and no long transaction. */
import { expiresAfter } from '@meerkat/protocol'
import { parseElement } from '@meerkat/xml'
import type { Host, LogEntry } from '../../core/module.ts'
import type { Mailboxes } from './mailboxes.ts'

/** How many messages, or mailboxes, are looked at together. */
const PAGE = 500

/** What is to go: what has expired, or what was received before a time in microseconds since 1970. */
export type Unwanted = 'expired' | { readonly olderThan: number }

/** Removes messages from all mailboxes of a domain; resolves with how many there were. */
export async function removeFrom(
  host: Host,
  mailboxes: Mailboxes,
  domain: string,
  unwanted: Unwanted,
): Promise<number> {
  let removed = 0
  let owners = await mailboxes.store.owners(domain, { limit: PAGE })
  while (owners.length > 0) {
    for (const owner of owners) removed += await removeOf(host, mailboxes, owner, unwanted)
    owners = await mailboxes.store.owners(domain, { limit: PAGE, after: owners.at(-1)! })
  }
  return removed
}

async function removeOf(host: Host, { store, reserve }: Mailboxes, owner: string, unwanted: Unwanted): Promise<number> {
  let removed = 0
  let page = await store.read(owner, { limit: PAGE })
  while (page.length > 0) {
    // What a session without connection may still hand over is not there to be removed.
    const going = page.filter((entry) => reserve?.has(owner, entry.at) !== true && mustGo(entry, host, unwanted))
    const ids = going.map(({ id }) => id)
    if (ids.length > 0) await host.commit(store.remove(owner, ids))
    removed += ids.length
    // They are in the order of their times.
    if (unwanted !== 'expired' && page.at(-1)!.at >= unwanted.olderThan) break
    page = await store.read(owner, { limit: PAGE, after: page.at(-1)! })
  }
  return removed
}

function mustGo({ value, at }: LogEntry, host: Host, unwanted: Unwanted): boolean {
  if (unwanted !== 'expired') return at < unwanted.olderThan
  const seconds = expiresAfter(parseElement(value))
  return seconds !== undefined && at + seconds * 1_000_000 <= host.clock.micros()
}
