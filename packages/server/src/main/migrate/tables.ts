/** MongooseIM's tables that are copied, and what becomes of their rows here. */
import { randomBytes } from 'node:crypto'
import { type Jid, Presence, Status, makeJid, parseJid, qualifiedName } from '@meerkat/protocol'
import { type ScramHash, type ScramRecord, formatMultiScram, parseMultiScram, scramKeys } from '@meerkat/protocol/sasl'
import { parseElement, serialize } from '@meerkat/xml'
import type { Auth } from '../../core/config/types.ts'
import type { Database, Write } from '../../core/database.ts'
import type { Stores } from '../../core/stores.ts'
import { type Item, blank, encodeItem } from '../../modules/roster/item.ts'
import { fieldsOf } from '../../modules/vcard/fields.ts'
import { SearchIndex } from '../../modules/vcard/search-index.ts'

/** Where it is copied to. */
export interface Target {
  readonly storage: Database
  readonly stores: Stores
  /** How passwords are kept here. */
  readonly password: Auth['password']
}

/** A row as it is here. */
export interface Converted {
  /** What is there already; undefined when nothing is. */
  present(): Promise<string | undefined>
  /** What it is to be. */
  readonly value: string
  /** Puts it there, whatever is there. */
  writes(): Promise<readonly Write[]> | readonly Write[]
}

/** One kind of data. */
export interface Table<Row = never> {
  /** What people call it. */
  readonly name: string
  /** The table at MongooseIM. */
  readonly source: string
  /** Columns of the key behind `server`, in whose order pages are read. */
  readonly key: readonly string[]
  /** What is selected of the table `t`, with all columns of the key. */
  readonly columns: string
  /** What was copied by an earlier run may have gone since, to those whom it was for: it is not copied again. */
  readonly once?: boolean
  /** Makes a row ours; throws with the reason when it cannot be kept. */
  convert(row: Row, domain: string, target: Target): Promise<Converted> | Converted
}

interface UserRow {
  readonly username: string
}

interface AccountRow extends UserRow {
  readonly password: string
  readonly pass_details: string | null
  readonly created_at: string
}

interface Kept {
  readonly password: string
  readonly pass_details: string | null
}

const PUT_ACCOUNT = `INSERT INTO users (server, username, password, pass_details, created_at)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT (server, username)
  DO UPDATE SET password = excluded.password, pass_details = excluded.pass_details`

const accounts: Table<AccountRow> = {
  name: 'accounts',
  source: 'users',
  key: ['username'],
  columns: `t.username, t.password, t.pass_details, to_char(t.created_at, 'YYYY-MM-DD HH24:MI:SS') AS created_at`,
  convert(row, domain, { storage, password }) {
    const user = makeJid(row.username, domain)
    const value = row.pass_details === null ? `plain ${row.password}` : scramText(row.pass_details)
    if (value === 'plain ') throw new Error('there is no password')
    return {
      value,
      async present() {
        const sql = 'SELECT password, pass_details FROM users WHERE server = ? AND username = ?'
        const [kept] = await storage.query<Kept>(sql, domain, user.local)
        return kept && (kept.pass_details ?? `plain ${kept.password}`)
      },
      async writes() {
        const isPlain = row.pass_details === null
        const details = isPlain ? await keysOf(row.password, password) : value
        const text = isPlain && details === null ? row.password : ''
        return [{ sql: PUT_ACCOUNT, params: [domain, user.local, text, details, row.created_at] }]
      },
    }
  },
}

/** Keys in the one form in which they are kept here. */
function scramText(details: string): string {
  const record = parseMultiScram(details)
  if (record === undefined) throw new Error('the keys in pass_details cannot be read')
  return formatMultiScram(record)
}

/** Keys for a password that was kept in the clear; null where that is the way here, too. */
async function keysOf(password: string, { format, hash, scram_iterations }: Auth['password']): Promise<string | null> {
  if (format === 'plain') return null
  const record = new Map()
  for (const name of hash.map((one): ScramHash => (one === 'sha' ? 'sha1' : one)))
    record.set(name, await scramKeys(password, name, randomBytes(16), scram_iterations))
  return formatMultiScram(record as ScramRecord)
}

interface RosterRow extends UserRow {
  readonly jid: string
  readonly nick: string
  readonly subscription: string
  readonly ask: string
  readonly askmessage: string
  /** A list in JSON. */
  readonly groups: string
}

const SUBSCRIPTIONS: Readonly<Record<string, Item['subscription']>> = { B: 'both', T: 'to', F: 'from', N: 'none' }
/** MongooseIM's letters: whether the user has asked, and whether the contact has. */
const ASKS: Readonly<Record<string, readonly [out: boolean, asked: boolean]>> = {
  N: [false, false],
  U: [false, false],
  O: [true, false],
  S: [true, false],
  I: [false, true],
  B: [true, true],
}

const rosters: Table<RosterRow> = {
  name: 'rosters',
  source: 'rosterusers',
  key: ['username', 'jid'],
  columns: `t.username, t.jid, t.nick, t.subscription, t.ask, t.askmessage,
    (SELECT coalesce(json_agg(g.grp ORDER BY g.grp), '[]')::text FROM rostergroups g
     WHERE g.server = t.server AND g.username = t.username AND g.jid = t.jid) AS groups`,
  convert(row, domain, { stores }) {
    const owner = makeJid(row.username, domain).toString()
    const contact = parseJid(row.jid).bare
    const store = stores.keyedSet('roster')
    const value = encodeItem(itemOf(row, contact))
    return {
      value,
      present: () => store.get(owner, contact.toString()),
      writes: () => [store.put(owner, contact.toString(), value)],
    }
  },
}

function itemOf(row: RosterRow, jid: Jid): Item {
  const subscription = SUBSCRIPTIONS[row.subscription]
  const [out, asked] = ASKS[row.ask] ?? []
  if (subscription === undefined || out === undefined)
    throw new Error(`subscription "${row.subscription}" with ask "${row.ask}" is none of MongooseIM's`)
  const groups = JSON.parse(row.groups) as string[]
  const request = asked === true ? serialize(requestOf(jid, row.askmessage)) : undefined
  // Somebody who only wants to be one is no contact yet.
  const listed = asked !== true || out || subscription !== 'none' || row.nick !== '' || groups.length > 0
  return { ...blank(jid), name: row.nick, subscription, ask: out, groups, request, listed }
}

/** RFC 6121 §3.1.3: MongooseIM keeps of a request what it says. */
const requestOf = (from: Jid, words: string) =>
  words === '' ? Presence({ type: 'subscribe', from }) : Presence({ type: 'subscribe', from }, Status({}, words))

interface VCardRow extends UserRow {
  readonly vcard: string
}

const vcards: Table<VCardRow> = {
  name: 'vcards',
  source: 'vcard',
  key: ['username'],
  columns: 't.username, t.vcard',
  convert(row, domain, { stores }) {
    const user = makeJid(row.username, domain)
    const vcard = parseElement(row.vcard)
    const store = stores.keyValue('vcard')
    const value = serialize(vcard)
    return {
      value,
      present: () => store.get(user.toString()),
      async writes() {
        const index = await new SearchIndex({ stores }).change(user.local, domain, fieldsOf(user.local, vcard))
        return [store.put(user.toString(), value), ...index]
      },
    }
  },
}

interface PrivateRow extends UserRow {
  readonly namespace: string
  readonly data: string
}

const privateData: Table<PrivateRow> = {
  name: 'private data',
  source: 'private_storage',
  key: ['username', 'namespace'],
  columns: 't.username, t.namespace, t.data',
  convert(row, domain, { stores }) {
    const owner = makeJid(row.username, domain).toString()
    const element = parseElement(row.data)
    const store = stores.keyedSet('private')
    const key = qualifiedName(element)
    const value = serialize(element)
    return { value, present: () => store.get(owner, key), writes: () => [store.put(owner, key, value)] }
  },
}

/** In the order in which they are copied. */
export const TABLES: readonly Table[] = [accounts, rosters, vcards, privateData]
