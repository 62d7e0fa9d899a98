/** What the admin API asks of mod_offline. */
import type { Host } from '../../core/module.ts'

/** The mailboxes of a host type. */
export interface MailboxControl {
  /** Removes what has expired (XEP-0023) of all mailboxes of a domain; resolves with how many messages that were. */
  removeExpired(domain: string): Promise<number>
  /** Removes what was received before `at`, in microseconds since 1970. */
  removeOlderThan(domain: string, at: number): Promise<number>
}

const provided = new WeakMap<Host, MailboxControl>()

/** The mailboxes of a host type; undefined while mod_offline is not running there. */
export const mailboxesOf = (host: Host): MailboxControl | undefined => provided.get(host)

/** Lets others find them. For mod_offline only. */
export function provideMailboxes(host: Host, mailboxes: MailboxControl | undefined): void {
  if (mailboxes === undefined) provided.delete(host)
  else provided.set(host, mailboxes)
}
