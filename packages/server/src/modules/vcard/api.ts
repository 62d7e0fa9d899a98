/** What the admin API and others may do with vCards. */
import type { Jid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Host } from '../../core/module.ts'

/** The vCards of a host type's users (bare JIDs). */
export interface VCards {
  /** Undefined for a user who has none. */
  get(user: Jid): Promise<Element | undefined>
  /** Resolves when it is stored; rejects with the StanzaError that the user would get. */
  set(user: Jid, vcard: Element): Promise<void>
}

const provided = new WeakMap<Host, VCards>()

/** The vCards of a host type's users; undefined while mod_vcard is not running there. */
export const vcardsOf = (host: Host): VCards | undefined => provided.get(host)

/** Lets others find them. For mod_vcard only. */
export function provideVCards(host: Host, vcards: VCards | undefined): void {
  if (vcards === undefined) provided.delete(host)
  else provided.set(host, vcards)
}
