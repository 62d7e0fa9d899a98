/** Nodes of service discovery (XEP-0030): features that have some answer for them, whoever tells the rest. */
import type { EntityInfo, EntityItem, Jid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { first, fold } from './hooks.ts'

/** Who asks what of whom: a served domain, or an account that lets the asker see it. */
export interface NodeQuery {
  readonly from: Jid
  /** A domain, or a bare JID. */
  readonly to: Jid
  readonly node: string
}

/** Asked for what a node is; who has the node answers. Without an answer there is no such node. */
export const nodeInfo = first<[query: NodeQuery], Omit<EntityInfo, 'node'>>('disco info of node')
/** Asked for the items of a node; who has the node answers. Without an answer there is no such node. */
export const nodeItems = first<[query: NodeQuery], readonly EntityItem[]>('disco items of node')
/** The items of the server or of an account itself, beside its services or resources. */
export const rootItems = fold<readonly EntityItem[], [from: Jid, to: Jid]>('disco items')
/** The forms that the service of a module shows besides its own, such as contact addresses (XEP-0157). */
export const serviceForms = fold<readonly Element[], [module: string]>('disco forms of service')
