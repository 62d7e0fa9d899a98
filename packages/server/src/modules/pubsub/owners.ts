/** What owners see and change of those who have to do with a node (XEP-0060 §8.8, §8.9). */
import {
  OwnerAffiliation,
  OwnerAffiliations,
  OwnerSubscription,
  OwnerSubscriptions,
  PubsubOwner,
  StanzaError,
  parseAffiliation,
  pubsubError,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Write } from '../../core/module.ts'
import { affiliationOf, requireOwner } from './access.ts'
import { tellSubscriber } from './authorization.ts'
import { type Asked, type Engine, found, keyOf, nodeName, nodeOf, readJid } from './engine.ts'
import { refused, without } from './making.ts'
import { behind } from './notify.ts'
import { withSubscription } from './subscribing.ts'
import { DEFAULT_OPTIONS } from './subscription-options.ts'
import type { StoredNode, Subscription } from './store.ts'

/** How many entities one request may change. */
const MAX_CHANGES = 100

/** The affiliations of a node. */
export async function nodeAffiliations(asked: Asked): Promise<Element> {
  const node = await owned(asked, nodeName(OwnerAffiliations.in(asked.query)!))
  const own = node.service.local === '' ? [] : [[node.service.toString(), 'owner'] as const]
  const all = [...own, ...node.affiliations].map(([jid, affiliation]) => OwnerAffiliation({ jid, affiliation }))
  return PubsubOwner({}, OwnerAffiliations({ node: node.name }, ...all))
}

/** The subscriptions of a node. */
export async function nodeSubscriptions(asked: Asked): Promise<Element> {
  const node = await owned(asked, nodeName(OwnerSubscriptions.in(asked.query)!))
  const all = Array.from(node.subscriptions.values(), ({ jid, state, subid }) =>
    OwnerSubscription({ jid, subscription: state, subid }),
  )
  return PubsubOwner({}, OwnerSubscriptions({ node: node.name }, ...all))
}

async function owned(asked: Asked, name: string): Promise<StoredNode> {
  const node = await nodeOf(asked, name)
  requireOwner(node, asked.from)
  return node
}

/** XEP-0060 §8.9.2: changes affiliations. Who may not read the node any more is subscribed no more. */
export async function setAffiliations(asked: Asked): Promise<undefined> {
  const { engine, place } = asked
  const words = OwnerAffiliations.in(asked.query)!
  const changes = bounded(OwnerAffiliation.all(words)).map((element) => {
    const affiliation = parseAffiliation(element.attr('affiliation'))
    if (affiliation === undefined) throw new StanzaError('modify', 'bad-request', 'There is no such affiliation.')
    return { jid: readJid(element.attr('jid')).bare, affiliation }
  })
  await engine.nodes.change(keyOf(place, nodeName(words)), async (present) => {
    const node = found(present)
    requireOwner(node, asked.from)
    const affiliations = new Map(node.affiliations)
    for (const { jid, affiliation } of changes)
      if (affiliation === 'none') affiliations.delete(jid.toString())
      else affiliations.set(jid.toString(), affiliation)
    const changed = { ...node, affiliations }
    checkOwners(asked, changed)
    const gone = await refused(engine, changed)
    const writes: Write[] = [
      ...changes.map(({ jid, affiliation }) => engine.store.affiliate(node, jid.toString(), affiliation)),
      ...gone.map(({ jid }) => engine.store.unsubscribe(node, jid)),
    ]
    return { writes, after: without(changed, gone) }
  })
}

/** A node has an owner, an account remains that of its own nodes, and there are not too many entries. */
function checkOwners({ place }: Asked, node: StoredNode): void {
  const owners = [...node.affiliations.values()].filter((affiliation) => affiliation === 'owner')
  if (!place.personal && owners.length === 0) throw new StanzaError('modify', 'not-acceptable', 'A node has an owner.')
  if (place.personal && node.affiliations.has(node.service.toString()))
    throw new StanzaError('modify', 'not-acceptable', 'An account owns its nodes.')
  if (node.affiliations.size > place.rules.maxSubscriptions) throw new StanzaError('wait', 'resource-constraint')
}

/** XEP-0060 §8.8.2: changes subscriptions, and tells the subscribers. */
export async function setSubscriptions(asked: Asked): Promise<undefined> {
  const { engine, place } = asked
  const words = OwnerSubscriptions.in(asked.query)!
  const changes = bounded(OwnerSubscription.all(words)).map((element) => {
    return { jid: readJid(element.attr('jid')), state: readState(element.attr('subscription')) }
  })
  let after: StoredNode | undefined
  await engine.nodes.change(keyOf(place, nodeName(words)), (present) => {
    let node: StoredNode = found(present)
    requireOwner(node, asked.from)
    const writes: Write[] = []
    for (const { jid, state } of changes) {
      const before = node.subscriptions.get(jid.toString())
      const fresh = { jid, subid: subidFor(engine), options: DEFAULT_OPTIONS }
      const changed = state === 'none' ? undefined : { ...(before ?? fresh), state }
      if (changed !== undefined) checkSubscriber(asked, node, changed)
      writes.push(changed === undefined ? engine.store.unsubscribe(node, jid) : engine.store.subscribe(node, changed))
      node =
        changed === undefined ? without(node, before === undefined ? [] : [before]) : withSubscription(node, changed)
    }
    return { writes, after: (after = node) }
  })
  for (const { jid, state } of changes) behind(engine, tellSubscriber(engine, after!, jid, state))
}

function readState(state: string | undefined): Subscription['state'] | 'none' {
  if (state === 'subscribed' || state === 'pending' || state === 'none') return state
  throw new StanzaError('modify', 'bad-request', 'There is no such state of a subscription.')
}

/** Outcasts are not subscribed, and there are not too many subscribers. */
function checkSubscriber({ place }: Asked, node: StoredNode, { jid }: Subscription): void {
  if (affiliationOf(node, jid) === 'outcast') throw new StanzaError('modify', 'not-acceptable')
  if (node.subscriptions.size >= place.rules.maxSubscriptions && !node.subscriptions.has(jid.toString()))
    throw pubsubError('cancel', 'policy-violation', 'too-many-subscriptions')
}

const subidFor = ({ host }: Engine): string => host.clock.micros().toString(36)

function bounded(elements: readonly Element[]): readonly Element[] {
  if (elements.length > MAX_CHANGES)
    throw new StanzaError('modify', 'not-acceptable', `More than ${MAX_CHANGES} entities are named.`)
  return elements
}
