/**
 * RabbitMQ is away for a while under traffic, as in an upgrade of the broker, and comes back: the server's own process is measured meanwhile.
 * MEERKAT_OUTAGE=60 makes it a whole minute; in 120 s more than 10^5 events pile up.
 */
import { deepEqual, match, ok } from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as passed } from 'node:timers/promises'
import { type Server, startServer } from '../e2e/harness.ts'
import { Conversations } from './services/conversations.fixture.ts'
import { DurableQueue } from './services/durable-queue.fixture.ts'
import { OwnRabbit, nodeAbsent } from './services/own-rabbitmq.fixture.ts'

/** Seconds. */
const OUTAGE = Number(process.env['MEERKAT_OUTAGE'] ?? 10)
/** Messages a second, each with two events, and their bytes. */
const RATE = 500
const LENGTH = 16_000
const MIB = 1024 * 1024
/** The server's heap in MiB: what piles up does not fit in. */
const HEAP = 128
/** What the whole process may have in use. */
const CEILING = 768 * MIB

const skip = nodeAbsent()
const timeout = 120_000 + 3000 * OUTAGE

/** A server that publishes to the broker. */
const publishing = (port: number, exchange: string): Promise<Server> =>
  startServer({
    listeners: { open: { tls: 'none' } },
    modules: '[modules.mod_presence]',
    env: { NODE_OPTIONS: `--max-old-space-size=${HEAP}` },
    extra: `[outgoing_pools.rabbit.event_pusher]
connection.host = "127.0.0.1"
connection.port = ${port}
connection.reconnect.delay = 250
[modules.mod_event_pusher.rabbit]
chat_msg_exchange = { name = "${exchange}", durable = true }`,
  })

/** The events that wait in the server's store. */
async function pending(server: Server): Promise<number> {
  const answer = await server.graphql('{ server { sinks { pending } } }')
  return (answer as { server: { sinks: { pending: number }[] } }).server.sinks[0]!.pending
}

async function drained(server: Server): Promise<void> {
  while ((await pending(server)) > 0) await passed(50)
}

/** Looks at a server's memory all the time; the function returned tells the most that there was since it was called last. */
function watchMemory(server: Server): () => number {
  const levels: number[] = []
  const looking = setInterval(() => levels.push(server.residentBytes()), 50)
  after(() => clearInterval(looking))
  return () => Math.max(...levels.splice(0))
}

test(
  `R10: RabbitMQ is away for ${OUTAGE} s under traffic: no event is lost, order is kept, memory is bounded`,
  { skip, timeout },
  async (t) => {
    const broker = await OwnRabbit.open()
    after(() => broker.close())
    const queue = await DurableQueue.make(broker.port, 'meerkat-outage')
    const server = await publishing(broker.port, 'meerkat-outage')
    const traffic = await Conversations.open(server, LENGTH)
    after(() => traffic.close())
    const peak = watchMemory(server)
    await traffic.talk(RATE, () => traffic.sent < 2 * RATE)
    await drained(server)
    const usual = peak()

    await broker.stop()
    const stoppedAt = performance.now()
    const before = traffic.sent
    await traffic.talk(RATE, () => performance.now() - stoppedAt < OUTAGE * 1000)
    match((await server.cli('status')).stdout, /event sink rabbit@localhost: failing: .*ECONNREFUSED/)
    const piled = await pending(server)
    ok(piled >= 2 * (traffic.sent - before), `${piled} events wait`)
    ok(piled * LENGTH > HEAP * MIB, 'they would not fit into memory')
    const away = peak()

    let back = false
    void broker.start().then(() => (back = true))
    await traffic.talk(RATE, () => !back)
    const backAt = performance.now()
    await drained(server)
    const seconds = (performance.now() - backAt) / 1000
    const caughtUp = peak()

    const { lost, disordered, repeated } = await queue.compare(traffic.received)
    const levels = [usual, away, caughtUp].map((bytes) => Math.round(bytes / MIB)).join(', ')
    t.diagnostic(
      `${traffic.sent} messages, ${piled} events piled up; all were out ${seconds.toFixed(1)} s after the broker was back, ` +
        `${repeated} of them twice; MiB in use at most before, meanwhile and afterwards: ${levels}`,
    )
    deepEqual([lost, disordered], [[], []])
    ok(Math.max(away, caughtUp) < CEILING, `${levels} MiB in use`)
  },
)
