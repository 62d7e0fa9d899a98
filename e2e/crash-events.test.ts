/** `kill -9` at random moments, with a real RabbitMQ behind the server; see crash.test.ts for what can be set. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerAbsent, Events } from './crash/broker.ts'
import { read } from './crash/ledger.ts'
import { parts } from './crash/random.ts'
import { crashable, type Outcome, run } from './crash/run.ts'
import { startServer } from './harness.ts'

const skip = await brokerAbsent()

/** The routing keys of a message's events. */
function keysOf(body: string, { users }: Outcome): [sent: string, received: string] {
  const { sender, recipient } = read(body)
  return [`${users.get(sender)!.jid}.chat_msg_sent`, `${users.get(recipient)!.jid}.chat_msg_recv`]
}

for (const { seed, crashes } of parts(5)) {
  test(
    `R3: ${crashes} times kill -9: the event of what was acknowledged reaches RabbitMQ (seed ${seed})`,
    { skip },
    async (t) => {
      const events = new Events()
      await events.listen()
      t.after(() => events.remove())
      const server = await startServer({ ...crashable, extra: events.settings })
      const outcome = await run(server, seed, crashes)
      t.diagnostic(`seed ${seed}: ${outcome.summary}`)
      assert.deepEqual(outcome.problems, [])

      const wanted = [...outcome.acknowledged].flatMap((body) => keysOf(body, outcome).map((key) => ({ key, body })))
      await events.until(() =>
        wanted.filter(({ key, body }) => events.idsOf(key, body).size === 0).map(({ key, body }) => `${key} ${body}`),
      )
      // A message that was sent again is one event, which may be published more than once.
      const double = wanted.filter(({ key, body }) => events.idsOf(key, body).size > 1)
      assert.deepEqual(double, [])
    },
  )
}
