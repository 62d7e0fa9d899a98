/** XEP-0334 0.4.0: Message Processing Hints. */
import { type Element, tag } from '@meerkat/xml'

const NS = 'urn:xmpp:hints'

/** Neither archive nor keep for later. */
export const NoStoreHint = tag(NS, 'no-store')
/** Do not archive. */
export const NoPermanentStoreHint = tag(NS, 'no-permanent-store')
/** Send to no other device. */
export const NoCopyHint = tag(NS, 'no-copy')
/** Archive although there is no body. */
export const StoreHint = tag(NS, 'store')

/** Whether the sender asks that the message is not archived: `no-store` says so, too (XEP-0334 §4.1, §4.2). */
export function forbidsArchiving(message: Element): boolean {
  return NoStoreHint.in(message) !== undefined || NoPermanentStoreHint.in(message) !== undefined
}
