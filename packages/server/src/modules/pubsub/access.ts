/** Who may do what at a node (XEP-0060 §4.1, §4.5). */
import { type Jid, type PubsubAffiliationName, StanzaError, parseJid, pubsubError } from '@meerkat/protocol'
import { contactsOf, isSeen, maySeePresence } from '../../core/module.ts'
import type { Engine } from './engine.ts'
import type { StoredNode } from './store.ts'

/** How somebody stands to a node; an account owns its nodes. */
export function affiliationOf(node: StoredNode, user: Jid): PubsubAffiliationName {
  if (node.service.local !== '' && user.bare.equals(node.service)) return 'owner'
  return node.affiliations.get(user.bare.toString()) ?? 'none'
}

/** The owners of a node (bare JIDs). */
export function ownersOf(node: StoredNode): Jid[] {
  const named = [...node.affiliations].filter(([, affiliation]) => affiliation === 'owner')
  const owners = named.map(([jid]) => parseJid(jid))
  return node.service.local === '' ? owners : [node.service, ...owners]
}

/** Throws `forbidden` for whoever does not own the node. */
export function requireOwner(node: StoredNode, user: Jid): void {
  if (affiliationOf(node, user) !== 'owner') throw forbidden()
}

export const forbidden = (): StanzaError => new StanzaError('auth', 'forbidden')

/** Why somebody may not read a node (XEP-0060 §6.5.9, §6.1.3); undefined for who may. */
export async function refusal(engine: Engine, node: StoredNode, user: Jid): Promise<StanzaError | undefined> {
  const affiliation = affiliationOf(node, user)
  if (affiliation === 'outcast' || affiliation === 'publish-only') return forbidden()
  if (affiliation !== 'none') return undefined
  switch (node.config.access_model) {
    case 'open':
      return undefined
    case 'whitelist':
      return pubsubError('cancel', 'not-allowed', 'closed-node')
    case 'authorize':
      return isSubscribed(node, user) ? undefined : pubsubError('auth', 'not-authorized', 'not-subscribed')
    case 'presence':
      return (await ofSomeOwner(node, (owner) => seesPresence(engine, owner, user)))
        ? undefined
        : pubsubError('auth', 'not-authorized', 'presence-subscription-required')
    case 'roster':
      return (await ofSomeOwner(node, (owner) => isInGroup(engine, owner, user, node.config.roster_groups_allowed)))
        ? undefined
        : pubsubError('auth', 'not-authorized', 'not-in-roster-group')
  }
}

async function ofSomeOwner(node: StoredNode, holds: (owner: Jid) => Promise<boolean>): Promise<boolean> {
  for (const owner of ownersOf(node)) if (await holds(owner)) return true
  return false
}

async function seesPresence({ host }: Engine, owner: Jid, user: Jid): Promise<boolean> {
  return host.serves(owner.domain) && (await host.hooks.first(maySeePresence, owner, user.bare)) === true
}

async function isInGroup({ host }: Engine, owner: Jid, user: Jid, groups: readonly string[]): Promise<boolean> {
  if (!host.serves(owner.domain)) return false
  const contact = (await host.hooks.first(contactsOf, owner))?.get(user.bare)
  return contact !== undefined && isSeen(contact.subscription) && contact.groups.some((group) => groups.includes(group))
}

/** Whether somebody has a subscription that counts, as a user or as one of the user's resources. */
export function isSubscribed({ subscriptions }: StoredNode, user: Jid): boolean {
  return [user.bare, user].some((jid) => subscriptions.get(jid.toString())?.state === 'subscribed')
}

/** Whether somebody may publish (XEP-0060 §7.1.3.1). */
export function mayPublish(node: StoredNode, user: Jid): boolean {
  const affiliation = affiliationOf(node, user)
  if (affiliation === 'owner' || affiliation === 'publisher' || affiliation === 'publish-only') return true
  if (affiliation === 'outcast') return false
  const { publish_model: model } = node.config
  return model === 'open' || (model === 'subscribers' && isSubscribed(node, user))
}
