/**
 * Preloaded where all tests share one process: notes the test that starts, because the reporter, which lives in the
 * same process, cannot tell when that test never lets go of the event loop.
 */
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { beforeEach, type TestContext } from 'node:test'

/** The file that holds the name of the last test to start, beside the file of results. */
export const startedFile = (record: string): string => `${record}.started`

const record = process.env['MEERKAT_TEST_RECORD']
if (record && process.execArgv.some((argument) => argument.endsWith('/test-started.ts'))) {
  beforeEach((context) => {
    const { fullName, filePath } = context as TestContext
    writeFileSync(startedFile(record), `${fullName} in ${relative(process.cwd(), filePath ?? '')}`)
  })
}
