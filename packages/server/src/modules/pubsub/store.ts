/** Nodes and items in the main store. Every statement runs along a key or an index. */
import { type Jid, type PubsubAffiliationName, type PubsubSubscriptionState, parseJid } from '@meerkat/protocol'
import { type Element, parseElement } from '@meerkat/xml'
import type { Database } from '../../core/database.ts'
import type { SqlValue, Write } from '../../core/module.ts'
import { type NodeConfig, decodeConfig, encodeConfig } from './node-config.ts'
import { type SubscriptionOptions, decodeOptions, encodeOptions } from './subscription-options.ts'

/** A subscription of a JID, bare or full. */
export interface Subscription {
  readonly jid: Jid
  readonly state: PubsubSubscriptionState
  readonly subid: string
  readonly options: SubscriptionOptions
}

/** A node and whoever has to do with it, as the store has it. */
export interface StoredNode {
  /** The JID of the service: a domain, or the bare JID of a user. */
  readonly service: Jid
  readonly name: string
  readonly plugin: string
  readonly config: NodeConfig
  /** Microseconds since the epoch. */
  readonly createdAt: number
  /** By bare JID. */
  readonly affiliations: ReadonlyMap<string, PubsubAffiliationName>
  /** By JID, bare or full. */
  readonly subscriptions: ReadonlyMap<string, Subscription>
}

/** Something that was published. */
export interface Item {
  readonly id: string
  readonly payload: Element | undefined
  /** The JID that has published it. */
  readonly publisher: string
  /** Microseconds since the epoch. */
  readonly at: number
  /** The payload as text; '' when there is none. */
  readonly text: string
}

/** Which node of which service. */
export interface NodeKey {
  readonly service: Jid
  readonly name: string
}

const SERVICE = 'service_domain = ? AND service_user = ?'
const NODE = `${SERVICE} AND node_id = ?`
const keyOf = ({ service, name }: NodeKey): SqlValue[] => [service.domain, service.local, name]

const ADD_NODE = `INSERT INTO pubsub_node (service_domain, service_user, node_id, plugin, config, created_at)
  SELECT ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM pubsub_node WHERE ${SERVICE}) < ?`

/** What is published last is the newest, whatever the clocks of two servers say: an item that looks older would give way at once. */
const PUT_ITEM = `INSERT INTO pubsub_item (service_domain, service_user, node_id, item_id, publisher, payload, published_at)
  SELECT ?, ?, ?, ?, ?, ?, (SELECT CASE WHEN coalesce(max(published_at), 0) < ? THEN ? ELSE max(published_at) + 1 END
    FROM pubsub_item WHERE ${NODE}) FROM pubsub_node WHERE ${NODE}
  ON CONFLICT (service_domain, service_user, node_id, item_id)
  DO UPDATE SET publisher = excluded.publisher, payload = excluded.payload, published_at = excluded.published_at`

/** The place of the oldest item that stays; when there are fewer, none goes. */
const TRIM = `DELETE FROM pubsub_item WHERE ${NODE} AND published_at <
  (SELECT published_at FROM pubsub_item WHERE ${NODE} ORDER BY published_at DESC LIMIT 1 OFFSET ?)`

const PUT_SUBSCRIPTION = `INSERT INTO pubsub_subscription
  (service_domain, service_user, node_id, subscriber, subscriber_resource, state, subid, options) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (service_domain, service_user, node_id, subscriber, subscriber_resource)
  DO UPDATE SET state = excluded.state, subid = excluded.subid, options = excluded.options`

const PUT_AFFILIATION = `INSERT INTO pubsub_affiliation (service_domain, service_user, node_id, jid, affiliation)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT (service_domain, service_user, node_id, jid)
  DO UPDATE SET affiliation = excluded.affiliation`

const TABLES = ['pubsub_item', 'pubsub_subscription', 'pubsub_affiliation', 'pubsub_node'] as const

interface NodeRow {
  readonly node_id: string
  readonly plugin: string
  readonly config: string
  readonly created_at: number
}

interface SubscriptionRow {
  readonly node_id: string
  readonly subscriber: string
  readonly subscriber_resource: string
  readonly state: PubsubSubscriptionState
  readonly subid: string
  readonly options: string | null
}

interface AffiliationRow {
  readonly node_id: string
  readonly jid: string
  readonly affiliation: PubsubAffiliationName
}

interface ItemRow {
  readonly item_id: string
  readonly payload: string
  readonly publisher: string
  readonly published_at: number
}

/** Where a subscriber or somebody with an affiliation has it. */
interface PlaceRow {
  readonly service_domain: string
  readonly service_user: string
  readonly node_id: string
}

export class PubsubStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The nodes of a service, or the one with this name. */
  async nodes(service: Jid, name?: string): Promise<StoredNode[]> {
    const where = name === undefined ? SERVICE : NODE
    const params = [service.domain, service.local, ...(name === undefined ? [] : [name])]
    const rows = await this.#db.query<NodeRow>(
      `SELECT node_id, plugin, config, created_at FROM pubsub_node WHERE ${where} ORDER BY node_id`,
      ...params,
    )
    // Most users have no nodes, and nobody is subscribed to those.
    if (rows.length === 0) return []
    const [subscriptions, affiliations] = await Promise.all([
      this.#db.query<SubscriptionRow>(`SELECT * FROM pubsub_subscription WHERE ${where}`, ...params),
      this.#db.query<AffiliationRow>(`SELECT * FROM pubsub_affiliation WHERE ${where}`, ...params),
    ])
    const subscribed = Map.groupBy(subscriptions, (row) => row.node_id)
    const affiliated = Map.groupBy(affiliations, (row) => row.node_id)
    return rows.map(({ node_id: node, plugin, config, created_at: createdAt }) => ({
      service,
      name: node,
      plugin,
      config: decodeConfig(config),
      createdAt,
      affiliations: new Map(affiliated.get(node)?.map((row) => [row.jid, row.affiliation])),
      subscriptions: new Map(subscribed.get(node)?.map(subscriptionOf)),
    }))
  }

  /** Names of a service's nodes in their order, so many behind `after`. */
  async names(service: Jid, limit: number, after = ''): Promise<string[]> {
    const rows = await this.#db.query<{ node_id: string }>(
      `SELECT node_id FROM pubsub_node WHERE ${SERVICE} AND node_id > ? ORDER BY node_id LIMIT ?`,
      service.domain,
      service.local,
      after,
      limit,
    )
    return rows.map((row) => row.node_id)
  }

  /** Adds a node, or refuses with `full` when the service has `limit` already. */
  add({ plugin, config, createdAt, ...key }: StoredNode, limit: number, full: Error): Write {
    const { service } = key
    const params = [...keyOf(key), plugin, encodeConfig(config), createdAt, service.domain, service.local, limit]
    return { sql: ADD_NODE, params, orElse: full }
  }

  configure(key: NodeKey, config: NodeConfig): Write {
    return { sql: `UPDATE pubsub_node SET config = ? WHERE ${NODE}`, params: [encodeConfig(config), ...keyOf(key)] }
  }

  /** Removes a node with all that it has. */
  remove(key: NodeKey): Write[] {
    return TABLES.map((table) => ({ sql: `DELETE FROM ${table} WHERE ${NODE}`, params: keyOf(key) }))
  }

  /** Adds or replaces an item, which is the newest then; refuses with `gone` when there is no such node any more. */
  putItem(key: NodeKey, { id, text, publisher, at }: Item, gone: Error): Write {
    return {
      sql: PUT_ITEM,
      params: [...keyOf(key), id, publisher, text, at, at, ...keyOf(key), ...keyOf(key)],
      orElse: gone,
    }
  }

  /** Removes all but the newest `most` items. */
  trim(key: NodeKey, most: number): Write {
    if (most <= 0) return this.purge(key)
    return { sql: TRIM, params: [...keyOf(key), ...keyOf(key), most - 1] }
  }

  /** Removes an item, or refuses with `none` when there is none. */
  retract(key: NodeKey, id: string, none: Error): Write {
    return { sql: `DELETE FROM pubsub_item WHERE ${NODE} AND item_id = ?`, params: [...keyOf(key), id], orElse: none }
  }

  purge(key: NodeKey): Write {
    return { sql: `DELETE FROM pubsub_item WHERE ${NODE}`, params: keyOf(key) }
  }

  subscribe(key: NodeKey, { jid, state, subid, options }: Subscription): Write {
    const params = [...keyOf(key), jid.bare.toString(), jid.resource, state, subid, encodeOptions(options)]
    return { sql: PUT_SUBSCRIPTION, params }
  }

  unsubscribe(key: NodeKey, jid: Jid): Write {
    return {
      sql: `DELETE FROM pubsub_subscription WHERE ${NODE} AND subscriber = ? AND subscriber_resource = ?`,
      params: [...keyOf(key), jid.bare.toString(), jid.resource],
    }
  }

  affiliate(key: NodeKey, jid: string, affiliation: PubsubAffiliationName): Write {
    if (affiliation !== 'none') return { sql: PUT_AFFILIATION, params: [...keyOf(key), jid, affiliation] }
    return { sql: `DELETE FROM pubsub_affiliation WHERE ${NODE} AND jid = ?`, params: [...keyOf(key), jid] }
  }

  /** Items with these ids, in the order of publication. */
  async itemsById(key: NodeKey, ids: readonly string[]): Promise<Item[]> {
    const places = ids.map(() => '?').join(', ')
    const sql = `SELECT * FROM pubsub_item WHERE ${NODE} AND item_id IN (${places}) ORDER BY published_at`
    return (await this.#db.query<ItemRow>(sql, ...keyOf(key), ...ids)).map(itemOf)
  }

  /**
   * The oldest or newest items between two moments, at most `limit` and not many more than `characters` of payload, but one at least; oldest first.
   */
  async items(key: NodeKey, page: ItemPage): Promise<Item[]> {
    const { from, limit, characters, after = -1, before = Number.MAX_SAFE_INTEGER } = page
    const order = from === 'oldest' ? 'ASC' : 'DESC'
    const rows = await this.#db.query<ItemRow>(
      `SELECT item_id, payload, publisher, published_at FROM (
         SELECT item_id, payload, publisher, published_at,
           sum(length(payload)) OVER (ORDER BY published_at ${order}) - length(payload) AS before_it
         FROM (SELECT * FROM pubsub_item WHERE ${NODE} AND published_at > ? AND published_at < ?
               ORDER BY published_at ${order} LIMIT ? OFFSET ?) AS page
       ) AS measured WHERE before_it <= ? ORDER BY published_at ${order}`,
      ...keyOf(key),
      after,
      before,
      limit,
      page.skip ?? 0,
      characters,
    )
    const items = rows.map(itemOf)
    return from === 'oldest' ? items : items.toReversed()
  }

  /** How many items a node has, or how many before a moment. */
  async count(key: NodeKey, before = Number.MAX_SAFE_INTEGER): Promise<number> {
    const rows = await this.#db.query<{ found: number }>(
      `SELECT count(*) AS found FROM pubsub_item WHERE ${NODE} AND published_at < ?`,
      ...keyOf(key),
      before,
    )
    return rows[0]?.found ?? 0
  }

  /** The nodes to which a user (a bare JID) has subscribed, whatever the service; at most `limit`. */
  async subscriptionsOf(user: Jid, limit: number): Promise<NodeKey[]> {
    return this.#placesOf('pubsub_subscription', 'subscriber', user, limit)
  }

  /** The nodes at which a user (a bare JID) has an affiliation, whatever the service; at most `limit`. */
  async affiliationsOf(user: Jid, limit: number): Promise<NodeKey[]> {
    return this.#placesOf('pubsub_affiliation', 'jid', user, limit)
  }

  async #placesOf(table: string, column: string, user: Jid, limit: number): Promise<NodeKey[]> {
    const rows = await this.#db.query<PlaceRow>(
      `SELECT DISTINCT service_domain, service_user, node_id FROM ${table} WHERE ${column} = ? LIMIT ?`,
      user.toString(),
      limit,
    )
    return rows.map(({ service_domain: domain, service_user: local, node_id: name }) => ({
      service: parseJid(local === '' ? domain : `${local}@${domain}`),
      name,
    }))
  }

  /** Removes all that a user (a bare JID) has: nodes, and what the user has at other nodes. */
  forget(user: Jid): Write[] {
    return [
      ...TABLES.map((table) => ({ sql: `DELETE FROM ${table} WHERE ${SERVICE}`, params: [user.domain, user.local] })),
      { sql: 'DELETE FROM pubsub_subscription WHERE subscriber = ?', params: [user.toString()] },
      { sql: 'DELETE FROM pubsub_affiliation WHERE jid = ?', params: [user.toString()] },
    ]
  }
}

/** Which items of a node are wanted. */
export interface ItemPage {
  readonly from: 'oldest' | 'newest'
  readonly limit: number
  readonly characters: number
  /** Moments: microseconds since the epoch. */
  readonly after?: number | undefined
  readonly before?: number | undefined
  readonly skip?: number | undefined
}

function subscriptionOf(row: SubscriptionRow): [string, Subscription] {
  const bare = parseJid(row.subscriber)
  const jid = row.subscriber_resource === '' ? bare : bare.withResource(row.subscriber_resource)
  return [jid.toString(), { jid, state: row.state, subid: row.subid, options: decodeOptions(row.options) }]
}

function itemOf({ item_id: id, payload: text, publisher, published_at: at }: ItemRow): Item {
  return { id, payload: text === '' ? undefined : parseElement(text), publisher, at, text }
}
