/** `kill -9` at random moments, with a real RabbitMQ behind the server; see crash.test.ts for what can be set. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerAbsent, Events } from './crash/broker.ts'
import { read } from './crash/ledger.ts'
import { seedOf } from './crash/random.ts'
import { crashable, run } from './crash/run.ts'
import { startServer } from './harness.ts'

const crashes = Number(process.env['MEERKAT_CRASHES'] ?? 5)
const seed = seedOf('MEERKAT_CRASH_SEED')
const skip = await brokerAbsent()

test(
  `R3: ${crashes} times kill -9: the event of what was acknowledged reaches RabbitMQ (seed ${seed})`,
  { skip },
  async (t) => {
    const events = new Events()
    await events.listen()
    t.after(() => events.remove())
    const server = await startServer({ ...crashable, extra: events.settings })
    const { problems, acknowledged, users, summary } = await run(server, seed, crashes)
    t.diagnostic(`seed ${seed}: ${summary}`)
    assert.deepEqual(problems, [])

    const keysOf = (body: string): [sent: string, received: string] => {
      const { sender, recipient } = read(body)
      return [`${users.get(sender)!.jid}.chat_msg_sent`, `${users.get(recipient)!.jid}.chat_msg_recv`]
    }
    const wanted = [...acknowledged].flatMap((body) => keysOf(body).map((key) => ({ key, body })))
    await events.until(() =>
      wanted.filter(({ key, body }) => events.idsOf(key, body).size === 0).map(({ key, body }) => `${key} ${body}`),
    )
    // A message that was sent again is one event, which may be published more than once.
    const double = wanted.filter(({ key, body }) => events.idsOf(key, body).size > 1)
    assert.deepEqual(double, [])
  },
)
