import { equal } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makeDatabase, postgresAbsent } from '../testing/postgres.ts'

const skip = await postgresAbsent()
const source = join(import.meta.dirname, '../..')

/** What keeps something in the main store. */
const TESTS = [
  'auth',
  'modules/mam',
  'modules/last',
  'modules/vcard',
  'modules/offline',
  'modules/roster',
  'modules/private.test.ts',
  'modules/pubsub',
  'modules/pubsub-old',
  'modules/register',
  'modules/resent.test.ts',
  'modules/http-upload',
  'main/erasing.test.ts',
  'main/migrate',
]
/** Plans of queries are SQLite's own. */
const NOT_HERE = 'S61: reading an archive runs along an index'

describe('modules over PostgreSQL', { skip }, () => {
  it('pass the tests that they pass over the store in memory', async (t) => {
    const test = await makeDatabase()
    t.after(() => test.drop())
    const files = TESTS.map((path) => join(source, path.endsWith('.ts') ? path : `${path}/**/*.test.ts`))
    const options = ['--test', '--test-isolation=none', '--test-force-exit', `--test-skip-pattern=${NOT_HERE}`]
    const child = spawn(
      process.execPath,
      ['--import', join(source, 'storage/testing/on-postgres.ts'), ...options, ...files],
      { env: { ...process.env, MEERKAT_TEST_DATABASE: test.name, NODE_TEST_CONTEXT: undefined } },
    )
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (output += String(piece)))
    const code = await new Promise((resolve) => child.once('close', resolve))
    equal(code, 0, output)
    const passed = /^(?:ℹ|#) pass (\d+)$/m.exec(output)?.[1]
    equal(Number(passed) > 150, true, output)
  })
})
