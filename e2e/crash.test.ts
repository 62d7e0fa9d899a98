/**
 * `kill -9` at random moments, while clients with stream management and the API send to users who are there, who are
 * away, and who lose their connections.
 *
 * MEERKAT_CRASH_SEED repeats a run (as far as moments can be repeated), MEERKAT_CRASHES says how often the server is
 * killed: 20 times (10 times on two nodes), or for example
 *
 *     MEERKAT_CRASHES=1000 npm test -- e2e/crash.test.ts
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { parts } from './crash/random.ts'
import { crashable, run } from './crash/run.ts'
import { startServer } from './harness.ts'
import { NODES } from './process.ts'

for (const { seed, crashes } of parts(20 / NODES)) {
  test(`R1, R2: ${crashes} times kill -9: nothing acknowledged is lost, doubled or out of order (seed ${seed})`, async (t) => {
    const server = await startServer(crashable)
    const { problems, summary } = await run(server, seed, crashes)
    t.diagnostic(`seed ${seed}: ${summary}`)
    assert.deepEqual(problems, [])
    assert.equal((await server.stop()).code, 0)
    const database = new DatabaseSync(join(server.folder, 'data/meerkat.db'), { readOnly: true })
    assert.equal(database.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
    database.close()
  })
}
