/** What other modules may ask about the features of clients. */
import type { Jid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Host, SessionEntry } from '../../core/module.ts'

/** The features that a client has told of in disco#info. */
export type Features = ReadonlySet<string>

/** The features of clients, as far as their presence tells of them (XEP-0115, XEP-0390). */
export interface CapsApi {
  /** The features of a resource; undefined when they are not known. At once but for resources of other nodes that this one has not asked about. */
  featuresOf(entry: SessionEntry): Features | undefined | Promise<Features | undefined>
  /** The features of somebody at another server, by the presence that has come from there to `to`; undefined when it tells of none. */
  featuresOfStranger(presence: Element, from: Jid, to: Jid): Promise<Features | undefined>
}

const provided = new WeakMap<Host, CapsApi>()

/** The features of the clients of a host type; undefined while mod_caps is not running there. */
export const capsOf = (host: Host): CapsApi | undefined => provided.get(host)

/** Lets others find the features; `undefined` when they are gone. For mod_caps only. */
export function provideCaps(host: Host, api: CapsApi | undefined): void {
  if (api === undefined) provided.delete(host)
  else provided.set(host, api)
}
