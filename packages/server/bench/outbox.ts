/**
 * Measures the way of an event from its commit to the broker's confirm: SQLite, the outbox, the sink and a RabbitMQ on 127.0.0.1:5672.
 * Prints a table: events per second from the first commit to the last confirm, and the process's CPU time for each event (all threads).
 * `catching up`: all events are committed before the sink starts. `live`: so many callers commit while the sink runs.
 * Usage: node packages/server/bench/outbox.ts [events for each line]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { connect } from 'amqplib'
import { Accounts } from '../src/core/accounts.ts'
import { systemClock } from '../src/core/clock.ts'
import type { Database } from '../src/core/database.ts'
import type { Host } from '../src/core/host.ts'
import { Kernel } from '../src/core/kernel.ts'
import { silentLog } from '../src/core/log.ts'
import { type NewEvent, type Outbox, outboxKey } from '../src/core/outbox.ts'
import { turn } from '../src/core/timers.ts'
import { rowOf } from '../src/modules/event-pusher/events.ts'
import { startRabbit } from '../src/modules/event-pusher/rabbit-sink.ts'
import { sectionSchema } from '../src/core/settings.ts'
import { type RabbitSection, rabbitSettings as sectionSettings } from '../src/modules/event-pusher/settings.ts'
import { type OpenRabbitPool, openRabbitPool } from '../src/pools/rabbit.ts'
import { rabbitSettings, until } from '../src/pools/testing/broker.ts'
import { openOutbox } from '../src/storage/outbox.ts'
import { openSqlite } from '../src/storage/sqlite/index.ts'
import { openStores } from '../src/storage/stores.ts'

const EXCHANGE = 'meerkat-bench'
const CALLERS = 200
const CONVERSATIONS = 1000

const events = Number(process.argv[2] ?? 20_000)
const results: Record<string, string | number>[] = []
for (const queue of ['transient', 'durable'] as const)
  for (const way of ['catching up', 'live'] as const) results.push(await measure(queue, way))
console.table(results)

async function measure(queue: 'transient' | 'durable', way: 'catching up' | 'live') {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-bench-'))
  const db = await openSqlite({ file: join(folder, 'bench.db') })
  const clock = systemClock()
  const kernel = new Kernel({ storage: db, stores: openStores(db), log: silentLog(), modules: new Map(), clock })
  const stopTurning = turn(kernel.timers)
  kernel.share(outboxKey, await openOutbox(db, { writer: 'bench' }))
  const host = kernel.addHost('localhost', ['localhost'], new Accounts([]), () => 'allow')
  const pool = openRabbitPool({ settings: rabbitSettings({}), name: 'bench', log: silentLog(), clock })
  const endQueue = await bindQueue(queue === 'durable')

  const { seconds, cpu } = await run(host, db, pool, way === 'live')
  await endQueue()
  await pool.close()
  stopTurning()
  await db.close()
  rmSync(folder, { recursive: true, force: true })
  return { queue, way, 'events/s': Math.round(events / seconds), 'CPU µs/event': Math.round(cpu / events) }
}

async function run(host: Host, db: Database, pool: OpenRabbitPool, live: boolean) {
  const schema = sectionSchema(sectionSettings, { folder: '.' })
  const section = schema.parse({ chat_msg_exchange: { name: EXCHANGE } }) as RabbitSection
  const sink = await startRabbit(host, section, pool)
  await sink.begun
  const outbox = host.shared(outboxKey)
  if (!live) {
    await sink.control.pause()
    await commitAll(db, outbox)
  }
  const used = process.cpuUsage()
  const start = performance.now()
  if (live) await commitAll(db, outbox)
  else await sink.control.resume()
  await until('all confirmed', async () => (await sink.control.status()).counters.delivered === events)
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(used)
  await sink.stop()
  return { seconds, cpu: user + system }
}

async function commitAll(db: Database, outbox: Outbox): Promise<void> {
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < events) await db.commit([outbox.adding(event(next++))])
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
}

function event(n: number): NewEvent {
  const from = `romeo${n % CONVERSATIONS}@localhost`
  const common = { id: `bench-${n}`, hostType: 'localhost', at: Date.now() * 1000, conversation: from }
  const chat = { from: `${from}/phone`, to: 'juliet@localhost', body: 'x'.repeat(80) }
  return rowOf({ ...common, ...chat, kind: 'chat_event', direction: 'in', type: 'chat' }, {})
}

/** A queue that takes everything; returns how to remove it and the exchange. */
async function bindQueue(durable: boolean): Promise<() => Promise<void>> {
  const model = await connect('amqp://127.0.0.1')
  const channel = await model.createChannel()
  await channel.assertExchange(EXCHANGE, 'topic', { durable: false })
  const { queue } = await channel.assertQueue(`meerkat-bench-${process.pid}`, { durable })
  await channel.bindQueue(queue, EXCHANGE, '#')
  return async () => {
    await channel.deleteQueue(queue)
    await channel.deleteExchange(EXCHANGE)
    await model.close()
  }
}
