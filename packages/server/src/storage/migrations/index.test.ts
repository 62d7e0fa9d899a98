import { deepEqual, ok, rejects } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type Database } from '../../core/database.ts'
import { memoryDatabase } from '../memory.ts'
import { Engine } from '../sqlite/index.ts'
import { ROWS, SLOW } from '../testing/crashing-migration.ts'
import { temporaryFolder } from '../testing/folder.ts'
import { schemaDialect } from './dialect.ts'
import { migrate, type Migration, MigrationError, MIGRATIONS } from './index.ts'

const step = (version: number, ...statements: string[]): Migration => ({
  version,
  name: `step ${version}`,
  statements: () => statements,
})
const one = step(1, 'CREATE TABLE one (a integer)')
const two = step(2, 'CREATE TABLE two (a integer)', 'INSERT INTO two VALUES (2)')
const applied = async (db: Database): Promise<number[]> =>
  (await db.query<{ version: number }>('SELECT version FROM schema_version ORDER BY version')).map((row) => row.version)

describe('migrations', () => {
  it('applies what is missing, once', async () => {
    const db = memoryDatabase([])
    await migrate(db, [one])
    await migrate(db, [one, two])
    await migrate(db, [one, two])
    deepEqual(await applied(db), [1, 2])
    deepEqual(await db.query('SELECT a FROM two'), [{ a: 2 }])
    await db.close()
  })

  it('R4: a step that fails leaves nothing, and can be tried again', async () => {
    const db = memoryDatabase([])
    const broken = step(2, 'CREATE TABLE two (a integer)', 'INSERT INTO nowhere VALUES (1)')
    await rejects(migrate(db, [one, broken]))
    deepEqual(await applied(db), [1])
    await migrate(db, [one, two])
    deepEqual(await applied(db), [1, 2])
    await db.close()
  })

  it('R4: refuses a database from the future, or with another history, and says which', async () => {
    const db = memoryDatabase([one, two])
    await rejects(migrate(db, [one]), (error) => {
      ok(error instanceof MigrationError)
      ok(/schema version 2 \(step 2\).*up to 1/.test(error.message), error.message)
      return true
    })
    await rejects(migrate(db, [one, { ...two, name: 'another' }]), /"step 2" as schema version 2 .* "another"/)
    deepEqual(await applied(db), [1, 2])
    await db.close()
  })

  it('has versions from 1 without gaps, and statements for every dialect', () => {
    deepEqual(
      MIGRATIONS.map((migration) => migration.version),
      MIGRATIONS.map((_, i) => i + 1),
    )
    const [sqlite, postgres, mysql] = (['sqlite', 'postgres', 'mysql'] as const).map((name) =>
      MIGRATIONS.flatMap((migration) => migration.statements(schemaDialect(name))),
    )
    ok(sqlite?.some((text) => text.includes('integer primary key autoincrement')))
    ok(postgres?.some((text) => text.includes('"id" bigserial primary key')))
    ok(postgres?.every((text) => !text.includes('auto_increment')))
    ok(mysql?.some((text) => text.includes('`id` bigint primary key auto_increment')))
    ok(mysql?.every((text) => !text.includes('"')))
  })
})

describe('migrations of a killed process', () => {
  const folder = temporaryFolder()
  after(() => folder.remove())

  it('R4: kill -9 leaves each step done or not begun, and the next start goes on', async () => {
    const file = join(folder.path, 'x.db')
    for (let round = 0; round < 3; round++) await migrateAndKill(file, 20 + round * 17)
    const db = new Engine({ file })
    await db.start()
    await migrate(db, []).catch(() => {}) // makes the table of versions, should the process not have come so far
    const versions = await applied(db)
    const tables = await db.query<{ name: string }>(
      `SELECT name FROM sqlite_master WHERE name LIKE 'step%' ORDER BY name`,
    )
    deepEqual(
      tables.map((table) => table.name),
      versions.map((version) => `step${version}`),
    )
    await migrate(db, SLOW)
    for (const { version } of SLOW) {
      deepEqual(await db.query(`SELECT count(*) AS "rows" FROM step${version}`), [{ rows: ROWS }])
    }
    await db.close()
  })
})

/** Starts the process and kills it some milliseconds later (unless it is done), wherever it then is. */
function migrateAndKill(file: string, delay: number): Promise<void> {
  const script = join(import.meta.dirname, '../testing/crashing-migration.ts')
  const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), delay))
  return new Promise((resolve) => child.once('close', () => resolve()))
}
