import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { loadConfig } from '../../core/config/index.ts'
import { postgresAbsent } from '../../storage/testing/postgres.ts'
import { openSqlite } from '../../storage/sqlite/index.ts'
import { openStores } from '../../storage/stores.ts'
import { knownParts } from '../known-parts.ts'
import { loadModules } from '../modules.ts'
import { type MigrateReport, migrateMongooseim, parseMigrate } from './index.ts'
import { account, addressOf, mongooseim, passDetails } from './mongooseim.fixture.ts'

const skip = await postgresAbsent()
const known = knownParts(await loadModules())

const CONFIG = `[general]
hosts = ["example.com"]
host_types = ["tenant"]
default_server_domain = "example.com"
[auth.internal]
[services.service_domain_db]
`

it('domains that were added come with their accounts and the passwords of their admins', { skip }, async (t) => {
  const database = await mongooseim()
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(async () => {
    rmSync(folder, { recursive: true })
    await database.drop()
  })
  await database.run(
    `CREATE TABLE domain_settings (id serial PRIMARY KEY, domain varchar(250) NOT NULL, host_type varchar(250) NOT NULL, status smallint NOT NULL)`,
    `CREATE TABLE domain_admins (domain varchar(250) PRIMARY KEY, pass_details text NOT NULL)`,
    `INSERT INTO domain_settings (domain, host_type, status) VALUES ('one.example', 'tenant', 1), ('off.example', 'tenant', 0),
      ('going.example', 'tenant', 2), ('odd.example', 'nothing', 1), ('example.com', 'tenant', 1)`,
    `INSERT INTO domain_admins VALUES ('one.example', '${await passDetails('admin')}'), ('example.com', '${await passDetails('x', ['sha1'])}'),
      ('elsewhere.example', '${await passDetails('y')}')`,
    account('one.example', 'romeo', '', await passDetails('secret')),
  )
  const run = (...words: string[]): Promise<MigrateReport> =>
    migrateMongooseim(
      loadConfig(join(folder, 'meerkat.toml'), CONFIG, known),
      parseMigrate(['mongooseim', '--from', addressOf(database), ...words]),
    )
  const told = (report: MigrateReport) => report.notes.filter((note) => !/accounts are left/.test(note))
  assert.ok(told(await run('--dry-run')).includes('one.example: to become a domain of tenant, enabled'))
  const report = await run()
  assert.deepEqual(told(report), [
    'going.example: is not copied, as it is being removed there',
    'odd.example: is not copied, as there is no host type nothing',
    'off.example: is now a domain of tenant, disabled',
    'one.example: is now a domain of tenant, enabled',
    'example.com: the password of its admin cannot be read: set another one',
    'one.example: the password of its admin is copied',
  ])
  assert.equal(report.outcomes.find(({ domain, table }) => domain === 'one.example' && table === 'accounts')?.copied, 1)
  assert.equal(report.complete, true)
  assert.deepEqual(told(await run()), [
    'going.example: is not copied, as it is being removed there',
    'odd.example: is not copied, as there is no host type nothing',
    'example.com: the password of its admin cannot be read: set another one',
  ])

  const storage = await openSqlite({ file: join(folder, 'data', 'meerkat.db') })
  const stores = openStores(storage)
  assert.deepEqual(Object.fromEntries(await stores.keyedSet('domains').all('')), {
    'off.example': '{"hostType":"tenant","status":"disabled"}',
    'one.example': '{"hostType":"tenant","status":"enabled"}',
  })
  assert.equal(await stores.keyValue('domain_admin').get('one.example'), await passDetails('admin'))
  assert.equal(await stores.keyValue('domain_admin').get('example.com'), undefined)
  await storage.close()
})
