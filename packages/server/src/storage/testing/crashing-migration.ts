/** A process for crash tests: migrates a file by steps that take a while, and says "begun" when it starts and "done" at the end. */
import { writeSync } from 'node:fs'
import { migrate, type Migration } from '../migrations/index.ts'
import { Engine } from '../sqlite/index.ts'

/** The number of rows that each step makes. */
export const ROWS = 40_000

/** Steps of two statements each: a table, and its rows. */
export const SLOW: readonly Migration[] = [1, 2, 3, 4, 5].map((version) => ({
  version,
  name: `step ${version}`,
  statements: () => [
    `CREATE TABLE step${version} (n integer PRIMARY KEY, filler text)`,
    `INSERT INTO step${version} WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT ${ROWS}) SELECT n, 'filler' FROM c`,
  ],
}))

if (process.argv[1] === import.meta.filename) {
  const db = new Engine({ file: process.argv[2] ?? '' })
  await db.start()
  writeSync(1, 'begun\n')
  await migrate(db, SLOW)
  await db.close()
  writeSync(1, 'done\n')
}
