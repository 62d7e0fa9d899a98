import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Migration, MigrationError, MIGRATIONS } from '../migrations/index.ts'
import { makeDatabase, postgresAbsent, type TestDatabase } from '../testing/postgres.ts'
import { migrateAlone } from './migrating.ts'

const skip = await postgresAbsent()

const step = (version: number, ...statements: string[]): Migration => ({
  version,
  name: `step ${version}`,
  statements: () => statements,
})

describe('migrations of PostgreSQL', { skip }, () => {
  let test: TestDatabase
  before(async () => {
    test = await makeDatabase()
  })
  after(() => test.drop())
  const empty = () => test.run('DROP SCHEMA public CASCADE', 'CREATE SCHEMA public')
  const versions = async () =>
    ((await test.run('SELECT version FROM schema_version ORDER BY version')) as { version: number }[]).map(
      ({ version }) => version,
    )

  it('gives an empty database the schema of this release, once, also when several servers start together', async () => {
    await Promise.all(Array.from({ length: 5 }, () => migrateAlone(test.pool())))
    deepEqual(
      await versions(),
      MIGRATIONS.map(({ version }) => version),
    )
    await empty()
  })

  it('R4: a step that fails leaves nothing of it, and the next start goes on there', async () => {
    const one = step(1, 'CREATE TABLE one (a integer)')
    const broken = step(2, 'CREATE TABLE two (a integer)', 'INSERT INTO nowhere VALUES (1)')
    await rejects(migrateAlone(test.pool(), [one, broken]))
    deepEqual(await versions(), [1])
    await migrateAlone(test.pool(), [one, step(2, 'CREATE TABLE two (a integer)')])
    deepEqual(await versions(), [1, 2])
    await empty()
  })

  it('R4: a server that is lost in the middle of a step leaves nothing of it, and frees the next one', async () => {
    const one = step(1, 'CREATE TABLE one (a integer)')
    const endless = step(2, 'CREATE TABLE two (a integer)', 'SELECT pg_sleep(600)')
    const first = rejects(migrateAlone(test.pool(), [one, endless]))
    const asleep = `FROM pg_stat_activity WHERE datname = '${test.name}' AND query = 'SELECT pg_sleep(600)'`
    while ((await test.run(`SELECT pid ${asleep}`)).length === 0) await new Promise(setImmediate)
    const second = migrateAlone(test.pool(), [one, step(2, 'CREATE TABLE two (b integer)')])
    await test.run(`SELECT pg_terminate_backend(pid) ${asleep}`)
    await Promise.all([first, second])
    deepEqual(await versions(), [1, 2])
    deepEqual(await test.run('SELECT b FROM two'), [])
    await empty()
  })

  it('R4: refuses a database from the future', async () => {
    const one = step(1, 'CREATE TABLE one (a integer)')
    await migrateAlone(test.pool(), [one, step(2, 'CREATE TABLE two (a integer)')])
    await rejects(migrateAlone(test.pool(), [one]), (error) => {
      ok(error instanceof MigrationError)
      equal(/schema version 2/.test(error.message), true)
      return true
    })
    await empty()
  })
})
