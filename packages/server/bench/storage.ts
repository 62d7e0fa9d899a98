/**
 * Measures the embedded store: archive-like units (one message row, one event) committed by so many callers at a time.
 * Prints a table: rows per second, the process's CPU time for each row (all threads), the delay of the event loop, and pages read meanwhile.
 * Usage: node packages/server/bench/storage.ts [rows for each line]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { type Database, type Write } from '../src/core/database.ts'
import { openOutbox, type Outbox } from '../src/storage/outbox.ts'
import { openSqlite } from '../src/storage/sqlite/index.ts'

const BODY = new Uint8Array(
  Buffer.from(`<message xmlns='jabber:client' type='chat'><body>${'x'.repeat(250)}</body></message>`),
)
const USERS = 1000

const rows = Number(process.argv[2] ?? 20_000)
const results: Record<string, string | number>[] = []
for (const durability of ['power', 'process'] as const) {
  for (const callers of [1, 10, 100, 1000]) results.push(await measure(durability, callers))
}
console.table(results)

async function measure(durability: 'power' | 'process', callers: number): Promise<Record<string, string | number>> {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-bench-'))
  const db = await openSqlite({ file: join(folder, 'bench.db'), durability })
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
  const page = await readPages(db)
  await outbox.close()
  await db.close()
  rmSync(folder, { recursive: true, force: true })
  return {
    durability,
    callers,
    'units/s': Math.round(units / seconds),
    'CPU µs/unit': Math.round((used.user + used.system) / units),
    'loop delay p99 ms': round(delay.percentile(99) / 1e6),
    'loop delay max ms': round(delay.max / 1e6),
    'page of 20, µs': Math.round(page),
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

/** The mean time of reading an archive's last page, one after the other, in microseconds. */
async function readPages(db: Database): Promise<number> {
  const pages = 500
  const start = performance.now()
  for (let i = 0; i < pages; i++) {
    await db.query('SELECT id, message FROM mam_message WHERE user_id = ? ORDER BY id DESC LIMIT 20', i)
  }
  return ((performance.now() - start) * 1000) / pages
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
