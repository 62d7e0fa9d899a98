import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { makeJid } from '@meerkat/protocol'
import { loadConfig } from '../core/config/index.ts'
import type { Config } from '../core/config/types.ts'
import { silentLog } from '../core/log.ts'
import { makeDatabase, postgresAbsent, SERVER } from '../storage/testing/postgres.ts'
import { accountsOf } from './auth.ts'
import { knownParts } from './known-parts.ts'
import { openStorage, sqliteFile } from './storage.ts'

const poolText = (tag: string, more = '', database = 'x', driver = 'pgsql') => `
[outgoing_pools.rdbms.${tag}]
  workers = 3
  ${more}
  [outgoing_pools.rdbms.${tag}.connection]
    driver = "${driver}"
    host = "${SERVER.host}"
    port = ${SERVER.port}
    database = "${database}"
    username = "${SERVER.user}"
    password = "${SERVER.password}"
`

function configOf(t: TestContext, text: string): Config {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const general = `[general]
hosts = ["localhost"]
default_server_domain = "localhost"
data_dir = "${folder}"
`
  return loadConfig(join(folder, 'meerkat.toml'), `${general}${text}`, knownParts(new Map()))
}

describe('the main store', () => {
  it('is SQLite in the data folder when no pool is configured', async (t) => {
    const config = configOf(t, '')
    const storage = await openStorage(config, 'test', silentLog())
    await storage.close()
    ok(existsSync(join(config.general.data_dir, 'meerkat.db')))
  })

  it('refuses pools that nothing would be kept in, and databases that are not built', async (t) => {
    const refusal = async (text: string): Promise<string> => {
      let message = ''
      await rejects(openStorage(configOf(t, text), 'test', silentLog()), (error: Error) => {
        message = error.message
        return true
      })
      return message
    }
    match(await refusal(poolText('other')), /^\[outgoing_pools\.rdbms\.other\] would not be used/)
    const ofHost = poolText('default', '', 'y').replaceAll('[outgoing', '[host_config.outgoing')
    match(
      await refusal(`${poolText('default')}\n[[host_config]]\nhost = "localhost"\n${ofHost}`),
      /with scope = "global"/,
    )
    match(await refusal(poolText('default') + poolText('other', '', 'y')), /rdbms\.other\] would not be used/)
    match(await refusal(poolText('default', '', 'x', 'mysql')), /driver = "mysql" is not built/)
  })
})

it('MongooseIM: pools of host types and other tags are the main store when they lead to the same database', (t) => {
  for (const text of [poolText('default', 'scope = "host_type"'), poolText('default') + poolText('other')])
    equal(sqliteFile(configOf(t, text)), undefined)
})

const skip = await postgresAbsent()

describe('the main store in PostgreSQL', { skip }, () => {
  it('is what the default pool names, and keeps the accounts of auth.rdbms', async (t) => {
    const test = await makeDatabase()
    t.after(() => test.drop())
    const auth = `[auth]\n  methods = ["rdbms", "internal"]\n  [auth.internal]\n  [auth.rdbms]\n    users_number_estimate = true\n  [auth.password]\n    scram_iterations = 4096\n    hash = ["sha256"]\n`
    const config = configOf(t, auth + poolText('default', '', test.name))
    const storage = await openStorage(config, 'test', silentLog())
    t.after(() => storage.close())
    equal(existsSync(join(config.general.data_dir, 'meerkat.db')), false)

    const hostType = config.hostTypes.get('localhost')
    ok(hostType !== undefined)
    const accounts = accountsOf(hostType.auth, storage)
    const romeo = makeJid('romeo', 'localhost')
    await accounts.register(romeo, 'secret')
    ok(await accounts.checkPassword(romeo, 'secret'))
    equal(await accounts.checkPassword(romeo, 'other'), false)
    await rejects(accounts.register(romeo, 'again'), /already registered/)
    equal(await accounts.methods[0]?.count('localhost'), 1)
    equal(accounts.methods.length, 1)
    deepEqual(await test.run('SELECT server, username FROM users'), [{ server: 'localhost', username: 'romeo' }])
  })
})
