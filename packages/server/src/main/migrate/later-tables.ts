/** More of MongooseIM's tables that are copied: what modules keep besides accounts, contacts and what users have written down. */
import { type PrivacyItem, type PrivacyKind, makeJid, parseJid } from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import type { LastSeen } from '../../modules/last/api.ts'
import { DEFAULT_LIST, encodeItems, keyOfList } from '../../modules/privacy/lists.ts'
import type { Table } from './tables.ts'

interface UserRow {
  readonly username: string
}

interface LastRow extends UserRow {
  readonly seconds: string
  readonly state: string
}

const last: Table<LastRow> = {
  name: 'last activity',
  source: 'last',
  key: ['username'],
  columns: 't.username, t.seconds::text AS seconds, t.state',
  convert(row, domain, { stores }) {
    const { local } = makeJid(row.username, domain)
    const store = stores.keyedSet('last')
    const value = JSON.stringify({ seconds: Number(row.seconds), status: row.state } satisfies LastSeen)
    return { value, present: () => store.get(domain, local), writes: () => [store.put(domain, local, value)] }
  },
}

interface ListRow extends UserRow {
  readonly name: string
  /** In JSON, by their order. */
  readonly items: string
}

interface ListItem {
  readonly t: string
  readonly value: string
  readonly action: string
  readonly ord: string
  readonly all: boolean
  readonly iq: boolean
  readonly message: boolean
  readonly presence_in: boolean
  readonly presence_out: boolean
}

const lists: Table<ListRow> = {
  name: 'privacy lists',
  source: 'privacy_list',
  key: ['username', 'name'],
  columns: `t.username, t.name, (SELECT coalesce(json_agg(json_build_object('t', d.t, 'value', d.value, 'action', d.action,
    'ord', d.ord, 'all', d.match_all, 'iq', d.match_iq, 'message', d.match_message, 'presence_in', d.match_presence_in,
    'presence_out', d.match_presence_out) ORDER BY d.ord), '[]')::text FROM privacy_list_data d WHERE d.id = t.id) AS items`,
  convert(row, domain, { stores }) {
    const owner = makeJid(row.username, domain).toString()
    const store = stores.keyedSet('privacy')
    const key = keyOfList(row.name)
    const value = encodeItems((JSON.parse(row.items) as ListItem[]).flatMap(itemOf))
    return { value, present: () => store.get(owner, key), writes: () => [store.put(owner, key, value)] }
  },
}

const TYPES: Readonly<Record<string, PrivacyItem['type']>> = { j: 'jid', g: 'group', s: 'subscription', n: undefined }
/** The blocking command has a letter of its own there. */
const ACTIONS: Readonly<Record<string, PrivacyItem['action']>> = { a: 'allow', d: 'deny', b: 'deny' }

function itemOf(item: ListItem): PrivacyItem[] {
  const [type, action] = [TYPES[item.t], ACTIONS[item.action]]
  if (action === undefined || !Object.hasOwn(TYPES, item.t))
    throw new Error(`an item of type "${item.t}" with action "${item.action}" is none of MongooseIM's`)
  const kinds: PrivacyKind[] = [
    ...(item.message ? (['message'] as const) : []),
    ...(item.iq ? (['iq'] as const) : []),
    ...(item.presence_in ? (['presence-in'] as const) : []),
    ...(item.presence_out ? (['presence-out'] as const) : []),
  ]
  // An item for no stanza would be one for all here.
  if (!item.all && kinds.length === 0) return []
  const value = type === undefined ? '' : type === 'jid' ? parseJid(item.value).toString() : item.value
  return [{ type, value, action, order: Number(item.ord), kinds: item.all ? [] : kinds }]
}

interface DefaultRow extends UserRow {
  readonly name: string
  readonly lists: number
}

const defaultLists: Table<DefaultRow> = {
  name: 'default privacy lists',
  source: 'privacy_default_list',
  key: ['username'],
  columns: `t.username, t.name, (SELECT count(*) FROM privacy_list l
    WHERE l.server = t.server AND l.username = t.username AND l.name = t.name) AS lists`,
  convert(row, domain, { stores }) {
    if (row.lists === 0) throw new Error(`there is no list ${row.name}`)
    const owner = makeJid(row.username, domain).toString()
    const store = stores.keyedSet('privacy')
    return {
      value: row.name,
      present: () => store.get(owner, DEFAULT_LIST),
      writes: () => [store.put(owner, DEFAULT_LIST, row.name)],
    }
  },
}

interface OfflineRow extends UserRow {
  /** Microseconds. */
  readonly at: string
  readonly from_jid: string
  readonly packet: string
}

const offline: Table<OfflineRow> = {
  name: 'offline messages',
  source: 'offline_message',
  key: ['id'],
  columns: 't.id, t.username, t.timestamp::text AS at, t.from_jid, t.packet',
  once: true,
  convert(row, domain, { stores }) {
    const owner = makeJid(row.username, domain)
    const at = Number(row.at)
    const from = parseJid(row.from_jid)
    // There the namespace of the stream is not written.
    const [message] = parseElement(`<offline xmlns='jabber:client'>${row.packet}</offline>`).elements()
    if (message?.name !== 'message') throw new Error('it is no message')
    const value = serialize(message.with({ from, to: message.attr('to') ?? owner }))
    const log = stores.log('offline')
    return {
      value,
      async present() {
        const behind = await log.read(owner.toString(), { after: { at: at - 1, id: Number.MAX_SAFE_INTEGER } })
        return behind.find((entry) => entry.at === at && entry.value === value)?.value
      },
      writes: () => [log.append(owner.toString(), value, { at })],
    }
  },
}

/** In the order in which they are copied. */
export const LATER_TABLES: readonly Table[] = [last, lists, defaultLists, offline]
