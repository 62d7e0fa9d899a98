/**
 * Measures pages of one user's archive (XEP-0313) as the archive grows: 10^4, 10^5 and 10^6 messages with 100 contacts, one a minute. Prints the time
 * of a page of 50, without network and XML of the answer, and how many rows its statements read. The database is warm.
 * It takes minutes and some GB of disk for 10^7, so it is run by hand only.
 * Usage: node packages/server/bench/archive.ts [messages at most, 1e6] [sqlite|postgres]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type ArchiveQuery, StanzaError, makeJid } from '@meerkat/protocol'
import type { Database, SqlValue } from '../src/core/database.ts'
import { archiveId, encodeId, microsOf } from '../src/core/message-ids.ts'
import { lookUp } from '../src/modules/mam/lookup.ts'
import { ArchiveStore } from '../src/modules/mam/store.ts'
import { openPostgres } from '../src/storage/postgres/index.ts'
import { openSqlite } from '../src/storage/sqlite/index.ts'
import { makeDatabase } from '../src/storage/testing/postgres.ts'

const OWNER = makeJid('juliet', 'capulet.lit')
const CONTACTS = 100
const TEXT = 'but soft what light through yonder window breaks '.repeat(5)
const BODY = Buffer.from(`<message xmlns='jabber:client' type='chat'><body>${TEXT}</body></message>`)
const FIRST = Date.UTC(2026, 0, 1) * 1000
const MINUTE = 60_000_000
/** One message in so many has a rare word, so that a page of 50 of them is within the first thousands. */
const RARE = 100
/** A search that goes as far as one may: it finds nothing, or is refused. */
const NOWHERE = 'a word that is nowhere'
const CHUNK = 50_000
const ROUNDS = 300
const LIMITS = { default_result_limit: 50, max_result_limit: 50, enforce_simple_queries: false }

/** The same text for both engines: rows from ? up to ?, made by the database itself. */
const FILL = `INSERT INTO mam_message (user_id, id, from_jid, remote_bare_jid, remote_resource, direction, message, search_body, origin_id, is_groupchat)
  WITH RECURSIVE n (i) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
  SELECT 1, (${FIRST} + i * ${MINUTE}) * 256, 'romeo' || (i % ${CONTACTS}) || '@montague.lit/garden',
    'romeo' || (i % ${CONTACTS}) || '@montague.lit', 'garden', 'I', ?, CASE WHEN i % ${RARE} = 0 THEN 'arise ' ELSE '' END || ?, 'origin-' || i, FALSE FROM n`

/** The id of the message with this number. */
const idOf = (i: number): bigint => archiveId(FIRST + i * MINUTE)

/** The rows that the statements of a page read: those they return, and those they count; not those that a search looks through. */
let rowsRead = 0

/** A database whose readers are counted in `rowsRead`. */
function counting(db: Database): Database {
  return {
    commit: (writes) => db.commit(writes),
    async query<Row>(sql: string, ...params: SqlValue[]): Promise<Row[]> {
      const rows = await db.query<Row & { found?: number }>(sql, ...params)
      rowsRead += rows[0]?.found ?? rows.length
      return rows
    },
    close: () => db.close(),
  }
}

const ANY: ArchiveQuery = {
  ns: 'urn:xmpp:mam:2',
  queryid: undefined,
  with: undefined,
  start: undefined,
  end: undefined,
  ids: undefined,
  beforeId: undefined,
  afterId: undefined,
  fromId: undefined,
  toId: undefined,
  includeGroupchat: undefined,
  fullText: undefined,
  simple: false,
  flipPage: false,
  rsm: { max: 50 },
}

/** Queries by name; each takes a message by its number, somewhere in the archive. */
const PAGES: Readonly<Record<string, (at: number) => ArchiveQuery>> = {
  first: () => ANY,
  last: () => ({ ...ANY, rsm: { max: 50, before: '' } }),
  'after an id': (at) => ({ ...ANY, rsm: { max: 50, after: encodeId(idOf(at)) } }),
  'after an id, simple': (at) => ({ ...ANY, simple: true, rsm: { max: 50, after: encodeId(idOf(at)) } }),
  'last with a contact': (at) => ({ ...withContact(at), rsm: { max: 50, before: '' } }),
  'last with a contact, simple': (at) => ({ ...withContact(at), simple: true, rsm: { max: 50, before: '' } }),
  'last with a word': () => ({ ...ANY, fullText: 'light', rsm: { max: 50, before: '' } }),
  'last with a rare word': () => ({ ...ANY, fullText: 'Arise', rsm: { max: 50, before: '' } }),
  [NOWHERE]: () => ({ ...ANY, fullText: 'tybalt', rsm: { max: 50, before: '' } }),
  'from a date': (at) => ({ ...ANY, start: microsOf(idOf(at)) }),
  'from a date, simple': (at) => ({ ...ANY, simple: true, start: microsOf(idOf(at)) }),
}

const withContact = (at: number): ArchiveQuery => ({ ...ANY, with: makeJid(`romeo${at % CONTACTS}`, 'montague.lit') })

const most = Number(process.argv[2] ?? 1e6)
const { db, end } = await (process.argv[3] === 'postgres' ? postgres() : sqlite())
const table: Record<string, string | number>[] = []
try {
  await db.commit([
    {
      sql: 'INSERT INTO mam_server_user (id, server, user_name) VALUES (1, ?, ?)',
      params: [OWNER.domain, OWNER.local],
    },
  ])
  let filled = 0
  for (let size = 1e4; size <= most; size *= 10) {
    await fill(filled, size)
    filled = size
    for (const [page, query] of Object.entries(PAGES)) table.push(await measure(size, page, query))
  }
} finally {
  await end()
}
console.table(table)

async function sqlite() {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-bench-'))
  const opened = await openSqlite({ file: join(folder, 'bench.db'), durability: 'process' })
  return { db: opened, end: () => opened.close().then(() => rmSync(folder, { recursive: true, force: true })) }
}

async function postgres() {
  const database = await makeDatabase()
  const opened = await openPostgres(database.pool({ size: 4 }), { durability: 'process' })
  return { db: opened, end: () => opened.close().then(async () => void (await database.drop())) }
}

/** Adds the messages from one number up to another. */
async function fill(from: number, to: number): Promise<void> {
  for (let next = from; next < to; next += CHUNK)
    await db.commit([{ sql: FILL, params: [next, Math.min(to, next + CHUNK), BODY, TEXT] }])
  const sql =
    'INSERT INTO mam_counter (user_id, messages) VALUES (1, ?) ON CONFLICT (user_id) DO UPDATE SET messages = excluded.messages'
  await db.commit([{ sql, params: [to] }])
}

function refused(error: unknown): number {
  if (error instanceof StanzaError && error.condition === 'policy-violation') return 0
  throw error
}

async function measure(messages: number, page: string, query: (at: number) => ArchiveQuery) {
  const store = new ArchiveStore(counting(db))
  const times: number[] = []
  rowsRead = 0
  for (let round = 0; round < ROUNDS; round++) {
    // Spread over the archive, the same in every run, and never so near its end that a page is not full.
    const at = Math.floor(((round * 0.618_034) % 1) * (messages - 100))
    const start = performance.now()
    const found = await lookUp(store, OWNER, query(at), LIMITS).then(({ rows }) => rows.length, refused)
    times.push(performance.now() - start)
    if (found !== (page === NOWHERE ? 0 : 50)) throw new Error(`${page}: a page of ${found}`)
  }
  times.sort((a, b) => a - b)
  const percentile = (part: number): number => Math.round(times[Math.floor(ROUNDS * part)]! * 100) / 100
  return {
    messages,
    page,
    'p50 ms': percentile(0.5),
    'p99 ms': percentile(0.99),
    'rows read': Math.round(rowsRead / ROUNDS),
  }
}
