/** Reading items (XEP-0060 §6.5), in pages (XEP-0059), and taking them back (§7.2). */
import {
  EventItems,
  EventRetract,
  Pubsub,
  PubsubItem,
  PubsubItems,
  PubsubRetract,
  type RsmRequest,
  StanzaError,
  buildRsmPage,
  parseFormBoolean,
  parseRsmRequest,
  pubsubError,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { affiliationOf, forbidden, refusal } from './access.ts'
import { type Asked, found, nodeName, nodeOf } from './engine.ts'
import type { PubsubNode } from './nodes.ts'
import { behind, notify } from './notify.ts'
import { unsupported } from './making.ts'
import type { Item, ItemPage } from './store.ts'

/** What one answer holds at most: items, and characters of their payloads. A client whose queue is full is disconnected. */
const MAX_PAGE = 500
const MAX_CHARACTERS = 400_000
/** How many ids one request may name. */
const MAX_IDS = 100

/** Answers with items: those that are named, the newest ones, a page, or all of them. */
export async function items(asked: Asked): Promise<Element> {
  const { engine, query, from } = asked
  const words = PubsubItems.in(query)!
  const node = await nodeOf(asked, nodeName(words))
  const refused = await refusal(engine, node, from)
  if (refused !== undefined) throw refused
  if (node.plugin === 'push') throw unsupported('retrieve-items')
  const ids = PubsubItem.all(words).map((item) => item.attr('id') || unnamed())
  if (ids.length > MAX_IDS) throw new StanzaError('modify', 'not-acceptable', `More than ${MAX_IDS} items are named.`)
  if (ids.length > 0) return answer(node, await engine.store.itemsById(node, ids))
  const most = words.attr('max_items')
  const rsm = parseRsmRequest(query)
  if (rsm !== undefined) return page(asked, node, most === undefined ? rsm : { ...rsm, max: rsm.max ?? readMost(most) })
  return newest(asked, node, most === undefined ? MAX_PAGE : readMost(most), most === undefined)
}

/** XEP-0060 §6.5.8: an item is asked for by its id; all of them are asked for without one. */
function unnamed(): never {
  throw new StanzaError('modify', 'bad-request', 'An item has an id.')
}

const answer = (node: PubsubNode, found: readonly Item[], page?: Element): Element =>
  Pubsub({}, PubsubItems({ node: node.name }, ...found.map(itemOf)), page)

const itemOf = ({ id, payload }: Item): Element => PubsubItem({ id }, payload)

/** XEP-0060 §6.5.7: the newest items; when all are wanted and do not fit, a description says that these are not all (§6.5.4). */
async function newest({ engine }: Asked, node: PubsubNode, limit: number, all: boolean): Promise<Element> {
  const wanted = Math.min(limit, MAX_PAGE)
  const read = await engine.store.items(node, { from: 'newest', limit: wanted, characters: MAX_CHARACTERS })
  const count = all ? await engine.store.count(node) : read.length
  if (count <= read.length) return answer(node, read)
  const described = { count, first: read[0]?.id, last: read.at(-1)?.id, index: count - read.length }
  return answer(node, read, buildRsmPage(described))
}

function readMost(text: string): number {
  const most = Number(text)
  if (text !== '' && Number.isSafeInteger(most) && most > 0) return most
  throw new StanzaError('modify', 'bad-request', 'max_items is not a whole number above 0.')
}

/** XEP-0059 §2: a page of the items, oldest first; ids are those of the items. */
async function page({ engine: { store } }: Asked, node: PubsubNode, rsm: RsmRequest): Promise<Element> {
  const count = await store.count(node)
  if (rsm.max === 0) return answer(node, [], buildRsmPage({ count }))
  const at = async (id: string): Promise<number> => found((await store.itemsById(node, [id]))[0]).at
  const wanted: ItemPage = {
    from: rsm.before === undefined ? 'oldest' : 'newest',
    limit: Math.min(rsm.max ?? MAX_PAGE, MAX_PAGE),
    characters: MAX_CHARACTERS,
    after: rsm.after === undefined ? undefined : await at(rsm.after),
    before: rsm.before ? await at(rsm.before) : undefined,
    skip: rsm.before === undefined && rsm.after === undefined ? rsm.index : undefined,
  }
  const read = await store.items(node, wanted)
  const [first] = read
  if (first === undefined) return answer(node, [], buildRsmPage({ count }))
  const index = await store.count(node, first.at)
  return answer(node, read, buildRsmPage({ count, index, first: first.id, last: read.at(-1)?.id }))
}

/** Takes an item back: its publisher may, and the owner. */
export async function retract(asked: Asked): Promise<undefined> {
  const { engine, query, request } = asked
  const words = PubsubRetract.in(query)!
  const node = await nodeOf(asked, nodeName(words))
  const [id, other] = PubsubItem.all(words).map((item) => item.attr('id'))
  if (!id || other !== undefined) throw pubsubError('modify', 'bad-request', 'item-required')
  if (!node.config.persist_items) throw unsupported('persistent-items')
  if (!(await mayRetract(asked, node, id))) throw forbidden()
  const told = parseFormBoolean(words.attr('notify')) ?? node.config.notify_retract
  const event = EventItems({ node: node.name }, EventRetract({ id }))
  request.delivery.keep(engine.store.retract(node, id, new StanzaError('cancel', 'item-not-found')))
  request.delivery.afterwards(() => {
    engine.nodes.removed(node)
    if (told) behind(engine, notify(engine, node, event))
  })
}

async function mayRetract({ engine, from }: Asked, node: PubsubNode, id: string): Promise<boolean> {
  const affiliation = affiliationOf(node, from)
  if (affiliation === 'owner') return true
  if (affiliation === 'outcast') return false
  const [item] = await engine.store.itemsById(node, [id])
  // To others it is the same whether there is no such item or it is not theirs.
  return item !== undefined && item.publisher.split('/')[0] === from.bare.toString()
}
