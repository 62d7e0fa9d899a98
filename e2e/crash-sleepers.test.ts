/**
 * `kill -9` of a server without archive while a client that has lost its connection may resume; see crash.test.ts for what can be set.
 * Mailboxes have what such a client has not acknowledged, as soon as the loss is noticed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parts, Random } from './crash/random.ts'
import { crashable } from './crash/run.ts'
import { Conversation } from './crash/sleeper.ts'
import { startServer } from './harness.ts'

for (const { seed, crashes } of parts(10)) {
  test(`R1, R2: ${crashes} times kill -9 without archive: what waits for a lost client is not lost (seed ${seed})`, async (t) => {
    const server = await startServer({ ...crashable, modules: crashable.modules!.replace('[modules.mod_mam.pm]', '') })
    const conversation = await Conversation.begin(server, new Random(seed))
    for (let crash = 0; crash < crashes; crash++) await conversation.liveUntilKilled()
    const problems = await conversation.end()
    t.diagnostic(`seed ${seed}: ${conversation.summary}`)
    assert.deepEqual(problems, [])
  })
}
