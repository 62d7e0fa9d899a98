/**
 * Measures the main stores: archive-like units (one message row, one event) committed by so many callers at a time.
 * Prints a table: units per second, the process's CPU time for each unit (all threads; a database server's own is not in it), the delay of
 * the event loop, and the time of reading a page, one after the other and fifty at a time.
 * PostgreSQL is measured when there is one (PGHOST, PGPORT, PGUSER, PGPASSWORD; default: postgres@127.0.0.1).
 * Usage: node packages/server/bench/storage.ts [units for each line] [sqlite|postgres]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { type Database, type Write } from '../src/core/database.ts'
import { openOutbox, type Outbox } from '../src/storage/outbox.ts'
import { openPostgres } from '../src/storage/postgres/index.ts'
import { openSqlite } from '../src/storage/sqlite/index.ts'
import { makeDatabase, postgresAbsent } from '../src/storage/testing/postgres.ts'

const BODY = new Uint8Array(
  Buffer.from(`<message xmlns='jabber:client' type='chat'><body>${'x'.repeat(250)}</body></message>`),
)
const USERS = 1000

type Durability = 'power' | 'process'

/** Opens a new, empty store; `end` closes and removes it. */
type Open = (durability: Durability) => Promise<{ readonly db: Database; readonly end: () => Promise<void> }>

const ENGINES: Readonly<Record<string, Open>> = {
  async sqlite(durability) {
    const folder = mkdtempSync(join(tmpdir(), 'meerkat-bench-'))
    const db = await openSqlite({ file: join(folder, 'bench.db'), durability })
    return { db, end: () => db.close().then(() => rmSync(folder, { recursive: true, force: true })) }
  },
  async postgres(durability) {
    const database = await makeDatabase()
    const db = await openPostgres(database.pool({ size: 4 }), { durability })
    return { db, end: () => db.close().then(async () => void (await database.drop())) }
  },
}

const rows = Number(process.argv[2] ?? 20_000)
const engines = process.argv[3] === undefined ? Object.keys(ENGINES) : [process.argv[3]]
const absent = await postgresAbsent()
if (absent !== false) console.log(absent)
const results: Record<string, string | number>[] = []
for (const engine of engines) {
  if (engine === 'postgres' && absent !== false) continue
  for (const durability of ['power', 'process'] as const) {
    for (const callers of [1, 10, 100, 1000]) results.push(await measure(engine, durability, callers))
  }
}
console.table(results)

async function measure(
  engine: string,
  durability: Durability,
  callers: number,
): Promise<Record<string, string | number>> {
  const open = ENGINES[engine]
  if (open === undefined) throw new Error(`no such engine: ${engine}`)
  const { db, end } = await open(durability)
  const outbox = await openOutbox(db, { writer: 'bench' })
  outbox.reader('sink') // so that events are kept
  const units = callers === 1 ? Math.min(rows, 2000) : rows
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const cpu = process.cpuUsage()
  const start = performance.now()
  delay.enable()
  await commitAll(db, outbox, units, callers)
  delay.disable()
  const seconds = (performance.now() - start) / 1000
  const used = process.cpuUsage(cpu)
  const page = await readPages(db, 1)
  const pages = await readPages(db, 50)
  await outbox.close()
  await end()
  return {
    engine,
    durability,
    callers,
    'units/s': Math.round(units / seconds),
    'CPU µs/unit': Math.round((used.user + used.system) / units),
    'loop delay p99 ms': round(delay.percentile(99) / 1e6),
    'loop delay max ms': round(delay.max / 1e6),
    'page of 20, µs': Math.round(page),
    '50 at a time, µs': Math.round(pages),
  }
}

async function commitAll(db: Database, outbox: Outbox, units: number, callers: number): Promise<void> {
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < units) {
      const n = next++
      await db.commit([archiving(n), adding(outbox, n)])
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
}

function archiving(n: number): Write {
  const id = (BigInt(1_790_000_000_000_000 + n) << 8n) | 1n
  return {
    sql: `INSERT INTO mam_message (user_id, id, from_jid, remote_bare_jid, remote_resource, direction, message, search_body, origin_id, is_groupchat)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    params: [
      n % USERS,
      id,
      'juliet@capulet.lit/balcony',
      'juliet@capulet.lit',
      'balcony',
      'I',
      BODY,
      'x',
      `origin-${n}`,
      0,
    ],
  }
}

function adding(outbox: Outbox, n: number): Write {
  const conversation = `romeo${n % USERS}@montague.lit juliet@capulet.lit`
  const body = '{"to_user_id":"juliet@capulet.lit","message":"x"}'
  return outbox.adding({
    id: `event-${n}`,
    hostType: 'localhost',
    kind: 'message',
    conversation,
    body,
    at: Date.now() * 1000,
  })
}

/** The mean time of reading an archive's last page, with so many readers at a time, in microseconds. */
async function readPages(db: Database, readers: number): Promise<number> {
  const pages = readers === 1 ? 500 : 5000
  const start = performance.now()
  let next = 0
  const reader = async (): Promise<void> => {
    while (next < pages) {
      const user = next++ % USERS
      await db.query('SELECT id, message FROM mam_message WHERE user_id = ? ORDER BY id DESC LIMIT 20', user)
    }
  }
  await Promise.all(Array.from({ length: readers }, reader))
  return ((performance.now() - start) * 1000) / pages
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
