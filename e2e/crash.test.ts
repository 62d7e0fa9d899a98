/**
 * `kill -9` at random moments, while clients with stream management and the API send to users who are there, who are
 * away, and who lose their connections.
 *
 * MEERKAT_CRASH_SEED repeats a run (as far as moments can be repeated), MEERKAT_CRASHES says how often the server is
 * killed: 20 times, or for example
 *
 *     MEERKAT_CRASHES=1000 npm test -- e2e/crash.test.ts
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { seedOf, Random } from './crash/random.ts'
import { crashable, run } from './crash/run.ts'
import { startServer } from './harness.ts'

/** A test has so many crashes at most. */
const AT_ONCE = 20

const crashes = Number(process.env['MEERKAT_CRASHES'] ?? AT_ONCE)
const first = seedOf('MEERKAT_CRASH_SEED')
const seeds = new Random(first)

for (let done = 0; done < crashes; done += AT_ONCE) {
  // The first part has the seed itself, so that a part that has failed can be repeated alone.
  const seed = done === 0 ? first : seeds.below(2 ** 32)
  const count = Math.min(AT_ONCE, crashes - done)
  test(`R1: ${count} times kill -9: nothing acknowledged is lost, doubled or out of order (seed ${seed})`, async (t) => {
    const server = await startServer(crashable)
    const { problems, summary } = await run(server, seed, count)
    t.diagnostic(`seed ${seed}: ${summary}`)
    assert.deepEqual(problems, [])
    assert.equal((await server.stop()).code, 0)
    const database = new DatabaseSync(join(server.folder, 'data/meerkat.db'), { readOnly: true })
    assert.equal(database.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
    database.close()
  })
}
