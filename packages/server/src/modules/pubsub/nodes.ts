/** The nodes of all services: kept in the store, the recently used ones in memory. */
import { LRUCache } from 'lru-cache'
import type { Jid } from '@meerkat/protocol'
import { type Host, type Word, type Write, when } from '../../core/module.ts'
import type { Item, NodeKey, PubsubStore, StoredNode } from './store.ts'

/** A node in memory. */
export interface PubsubNode extends StoredNode {
  /** Its last item; null when it has none, undefined when nobody has asked. */
  last: Item | null | undefined
}

/** What becomes of a node. */
export interface NodeChange {
  readonly writes: readonly Write[]
  /** The node from now on; undefined when there is none any more. */
  readonly after: StoredNode | undefined
}

/** Nodes that are read and changed together: all of an account, or one of a service. */
type Shelf = Map<string, PubsubNode>

/** Tell other nodes of the cluster that a shelf is another one now, or that a node has other items. */
const CHANGED = 'mod_pubsub changed'
const ITEMS = 'mod_pubsub items'
/** How large a last item may be that stays in memory, in characters. */
const MAX_REMEMBERED = 8192
/** Stands between the parts of a key; XML has no such character. */
const SEPARATOR = '\u0001'

export class Nodes {
  readonly #host: Host
  readonly #store: PubsubStore
  readonly #recent: LRUCache<string, Shelf | Promise<Shelf>>
  /** The last change of each shelf that is under way. */
  readonly #turns = new Map<string, Promise<unknown>>()

  /** Keeps nodes, subscriptions and affiliations in memory, `weight` of them together. */
  constructor(host: Host, store: PubsubStore, weight: number) {
    this.#host = host
    this.#store = store
    this.#recent = new LRUCache({ maxSize: weight, sizeCalculation: weigh })
  }

  /** A node; at once when it is in memory. */
  get(key: NodeKey): PubsubNode | undefined | Promise<PubsubNode | undefined> {
    return when(this.#shelf(key), (shelf) => shelf.get(key.name))
  }

  /** All nodes of an account; at once when they are in memory. */
  ofAccount(service: Jid): ReadonlyMap<string, PubsubNode> | Promise<ReadonlyMap<string, PubsubNode>> {
    return this.#shelf({ service, name: '' })
  }

  /** The last item of a node; at once when it is in memory. */
  last(node: PubsubNode): Item | undefined | Promise<Item | undefined> {
    if (node.last !== undefined) return node.last ?? undefined
    return this.#store.items(node, { from: 'newest', limit: 1, characters: 0 }).then(([item]) => {
      // One that was published meanwhile is newer.
      if (node.last !== undefined) return node.last ?? undefined
      if (item === undefined || item.text.length <= MAX_REMEMBERED) node.last = item ?? null
      return item
    })
  }

  /** An item was published, and is durable. */
  published(key: NodeKey, item: Item): void {
    const node = this.#inMemory(key)
    if (node !== undefined) node.last = item.text.length <= MAX_REMEMBERED ? item : undefined
    this.#tell(ITEMS, key)
  }

  /** Items are gone, and that is durable. */
  removed(key: NodeKey): void {
    this.#forgetLast(key)
    this.#tell(ITEMS, key)
  }

  /**
   * Changes a node. Changes of a shelf take their turns, so `step` sees the node as all earlier ones left it; it throws to refuse. Resolves when the
   * change is durable.
   */
  change(key: NodeKey, step: (node: PubsubNode | undefined) => NodeChange | Promise<NodeChange>): Promise<void> {
    const shelfKey = shelfOf(key)
    const change = async (): Promise<void> => {
      const shelf = await this.#shelf(key)
      const before = shelf.get(key.name)
      const { writes, after } = await step(before)
      if (writes.length === 0) return
      await this.#host.commit(...writes)
      if (after === undefined) shelf.delete(key.name)
      else shelf.set(key.name, { ...after, last: before?.last })
      this.#recent.set(shelfKey, shelf)
      await this.#host.nodes.tell(CHANGED, shelfKey)
    }
    const exclusive = (): Promise<void> => this.#host.nodes.exclusively(`pubsub ${shelfKey}`, change)
    const turn = (this.#turns.get(shelfKey) ?? Promise.resolve()).then(exclusive)
    const over = turn
      .catch(() => undefined)
      .then(() => {
        if (this.#turns.get(shelfKey) === over) this.#turns.delete(shelfKey)
      })
    this.#turns.set(shelfKey, over)
    return turn
  }

  /** Forgets what is in memory of a node: others have changed it in the store. */
  forget(key: NodeKey): void {
    this.#recent.delete(shelfOf(key))
    this.#tellOthers(CHANGED, shelfOf(key))
  }

  /** Another node of the cluster has changed something. */
  heard({ topic, data }: Word): undefined {
    if (topic === CHANGED) this.#recent.delete(data)
    if (topic !== ITEMS) return
    const [shelfKey = '', name = ''] = data.split(`${SEPARATOR}${SEPARATOR}`)
    const shelf = this.#recent.peek(shelfKey)
    const node = shelf instanceof Map ? shelf.get(name) : undefined
    if (node !== undefined) node.last = undefined
  }

  #forgetLast(key: NodeKey): void {
    const node = this.#inMemory(key)
    if (node !== undefined) node.last = undefined
  }

  #inMemory(key: NodeKey): PubsubNode | undefined {
    const shelf = this.#recent.get(shelfOf(key))
    return shelf instanceof Map ? shelf.get(key.name) : undefined
  }

  #tell(topic: string, key: NodeKey): void {
    this.#tellOthers(topic, `${shelfOf(key)}${SEPARATOR}${SEPARATOR}${key.name}`)
  }

  #tellOthers(topic: string, data: string): void {
    void this.#host.nodes.tell(topic, data)
  }

  #shelf(key: NodeKey): Shelf | Promise<Shelf> {
    const shelfKey = shelfOf(key)
    return this.#recent.get(shelfKey) ?? this.#load(shelfKey, key)
  }

  #load(shelfKey: string, { service, name }: NodeKey): Promise<Shelf> {
    const loading = this.#store.nodes(service, service.local === '' ? name : undefined).then(
      (stored) => {
        const shelf: Shelf = new Map(stored.map((node) => [node.name, { ...node, last: undefined }]))
        // A change that was faster has put a newer shelf there.
        if (this.#recent.peek(shelfKey) === loading) this.#recent.set(shelfKey, shelf)
        return shelf
      },
      (error: unknown) => {
        if (this.#recent.peek(shelfKey) === loading) this.#recent.delete(shelfKey)
        throw error
      },
    )
    this.#recent.set(shelfKey, loading)
    return loading
  }
}

/** A user has few nodes and a service may have very many. */
const shelfOf = ({ service, name }: NodeKey): string =>
  service.local === '' ? `${service}${SEPARATOR}${name}` : service.toString()

function weigh(shelf: Shelf | Promise<Shelf>): number {
  let weight = 1
  if (shelf instanceof Map)
    for (const node of shelf.values()) weight += 4 + node.subscriptions.size + node.affiliations.size
  return weight
}
