import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, describe, it } from 'node:test'
import { loadConfig } from '../core/config/index.ts'
import { brokerAbsent } from '../pools/testing/broker.ts'
import { MIGRATIONS } from '../storage/migrations/index.ts'
import { migrateAlone } from '../storage/postgres/migrating.ts'
import { openSqlite } from '../storage/sqlite/index.ts'
import { SERVER, makeDatabase, postgresAbsent } from '../storage/testing/postgres.ts'
import { lockFolder } from '../storage/sqlite/folder-lock.ts'
import { developmentCertificate } from './certificates.ts'
import { checkServer, printFindings } from './check.ts'
import { knownParts } from './known-parts.ts'
import { loadModules } from './modules.ts'

const known = knownParts(await loadModules())

const GENERAL = `[general]
hosts = ["localhost"]
default_server_domain = "localhost"
[auth]
methods = ["internal"]
[auth.internal]
`

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

/** What is wrong with a server whose configuration has these tables too; the folder is `%`. */
async function wrongs(path: string, tables: string): Promise<string[]> {
  const findings = await checkServer(() => loadConfig(join(path, 'meerkat.toml'), GENERAL + tables, known))
  return findings.filter(({ state }) => state === 'wrong').map(({ text }) => text.replaceAll(path, '%'))
}

/** A port that is listened on while the test runs. */
async function takenPort(t: TestContext): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

const listener = (port: number, more = ''): string => `[[listen.c2s]]
port = ${port}
ip_address = "127.0.0.1"
${more}
`

describe('R28: meerkat check', () => {
  it('finds nothing wrong with a server that can start', async (t) => {
    assert.deepEqual(await wrongs(folder(t), listener(0)), [])
  })

  it('says where uploaded files would get lost', async (t) => {
    const uploads = '[modules.mod_http_upload]\n'
    assert.deepEqual(await wrongs(folder(t), uploads), [
      'mod_http_upload of localhost keeps files here, and nothing serves them: add [[listen.http.handlers.meerkat_upload_handler]], or [modules.mod_http_upload.s3]',
    ])
    assert.deepEqual(await wrongs(folder(t), `${uploads}backend = "s3"`), [
      'mod_http_upload of localhost has no bucket: add [modules.mod_http_upload.s3]',
    ])
    const handler = `[[listen.http]]\nport = 0\n[[listen.http.handlers.meerkat_upload_handler]]\nhost = "_"\npath = "/files"`
    assert.deepEqual(await wrongs(folder(t), uploads + handler), [])
  })

  it('tells each mistake of the file with its line', async (t) => {
    assert.deepEqual(await wrongs(folder(t), '[modules.mod_pig]\n'), [
      '%/meerkat.toml:7: modules.mod_pig: is not a known key; did you mean mod_ping?',
    ])
  })

  it('tells of a port in use, but not of those of the server itself', async (t) => {
    const [path, port] = [folder(t), await takenPort(t)]
    assert.deepEqual(await wrongs(path, listener(port)), [
      `port ${port} of 127.0.0.1 for listen.c2s is in use: stop what listens there, or choose another port`,
    ])
    const lock = lockFolder(join(path, 'data'))
    t.after(() => lock.release())
    assert.deepEqual(await wrongs(path, listener(port)), [])
  })

  it('tells of a key that belongs to another certificate, and of a file that is none', async (t) => {
    const [path, other] = [folder(t), folder(t)]
    const { certfile } = await developmentCertificate(path, ['localhost'])
    const { keyfile } = await developmentCertificate(other, ['localhost'])
    const tls = (cert: string, key: string): string => listener(0, `tls = { certfile = "${cert}", keyfile = "${key}" }`)
    const [problem] = await wrongs(path, tls(certfile, keyfile))
    assert.match(problem ?? '', /^the key .* is not that of %.*: name the files that were made together$/)
    const broken = join(path, 'broken.pem')
    writeFileSync(broken, 'nothing')
    assert.match((await wrongs(path, tls(broken, keyfile)))[0] ?? '', /broken\.pem of listen\.c2s .* cannot be read/)
  })

  it('tells of a certificate that lacks a domain, and of files that others may read', async (t) => {
    const path = folder(t)
    const { certfile, keyfile } = await developmentCertificate(path, ['other.example'])
    chmodSync(keyfile, 0o644)
    mkdirSync(join(path, 'data'), { mode: 0o755 })
    const secret = `[outgoing_pools.rabbit.events]
[outgoing_pools.rabbit.events.connection]
port = 1
password = "hunter22"
`
    const tables = secret + listener(0, `tls = { certfile = "${certfile}", keyfile = "${keyfile}" }`)
    const file = join(path, 'meerkat.toml')
    writeFileSync(file, GENERAL + tables, { mode: 0o644 })
    const findings = await checkServer(() => loadConfig(file, GENERAL + tables, known))
    const notes = findings.filter(({ state }) => state === 'note').map(({ text }) => text.replaceAll(path, '%'))
    const others = 'can be read by other users of this machine'
    assert.deepEqual(notes, [
      `%/meerkat.toml, which holds passwords, ${others}: chmod 600, or 640 for a group`,
      `the data folder %/data ${others}: chmod 700`,
      `the key %/development-key.pem ${others}: chmod 600, or 640 for a group`,
      'the certificate %/development-cert.pem of listen.c2s on port 0 is not for localhost, and clients of that domain refuse it: get one that names it',
    ])
    assert.ok(!JSON.stringify(findings).includes('hunter22'))
  })

  it('reads which release has written the embedded store', async (t) => {
    const path = folder(t)
    const file = join(path, 'data', 'meerkat.db')
    const told = async (): Promise<string> =>
      printFindings(await checkServer(() => loadConfig(join(path, 'meerkat.toml'), GENERAL, known)))
    assert.match(await told(), /^ok +the store .*meerkat\.db will be made at the first start$/m)
    const store = await openSqlite({ file })
    await store.close()
    const latest = MIGRATIONS.length
    assert.match(await told(), new RegExp(`^ok .* has schema version ${latest}, that of this release$`, 'm'))
    change(file, `DELETE FROM schema_version WHERE version = ${latest}`)
    assert.match(
      await told(),
      new RegExp(`^ok .* has schema version ${latest - 1}: the next start brings it to ${latest}$`, 'm'),
    )
    change(
      file,
      `INSERT INTO schema_version VALUES (${latest}, '${MIGRATIONS.at(-1)!.name}', 0), (${latest + 1}, 'later', 0)`,
    )
    assert.match(await told(), new RegExp(`^wrong .* cannot be used: .* schema version ${latest + 1} \\(later\\)`, 'm'))
    writeFileSync(file, 'nothing')
    assert.match(await told(), /^wrong .*meerkat\.db is no store \(.*\): put a backup in its place/m)
  })

  it('prints what is wrong last, where it is seen', () => {
    const text = printFindings([
      { state: 'wrong', text: 'a' },
      { state: 'ok', text: 'b' },
      { state: 'note', text: 'c' },
    ])
    assert.equal(text, 'ok     b\nnote   c\nwrong  a')
  })
})

/** Changes a store that nobody has open. */
function change(file: string, sql: string): void {
  const store = new DatabaseSync(file)
  store.exec(sql)
  store.close()
}

const broker = (more: string): string => `[outgoing_pools.rabbit.events]
[outgoing_pools.rabbit.events.connection]
host = "127.0.0.1"
${more}
`

describe('R28: meerkat check and the broker', { skip: await brokerAbsent() }, () => {
  it('logs in', async (t) => {
    const findings = await checkServer(() => loadConfig(join(folder(t), 'meerkat.toml'), GENERAL + broker(''), known))
    assert.equal(
      findings.at(-1)?.text,
      '[outgoing_pools.rabbit.events]: "guest" logs in to the virtual host "/" on 127.0.0.1:5672',
    )
  })

  it('tells of a wrong password and of a virtual host that is not there, and how to mend it', async (t) => {
    const [password] = await wrongs(folder(t), broker('password = "wrong"'))
    assert.match(password ?? '', /nobody can log in to 127\.0\.0\.1:5672 \(.*\): correct username and password;/)
    const [place] = await wrongs(folder(t), broker('virtual_host = "nowhere"'))
    assert.match(place ?? '', /virtual host "nowhere".*: make it \("rabbitmqctl add_vhost NAME"\)/)
  })
})

describe('R28: meerkat check and a broker that is not there', () => {
  it('tells that nothing listens, or that it does not speak AMQP in time', async (t) => {
    const [closed] = await wrongs(folder(t), broker('port = 1'))
    assert.match(closed ?? '', /127\.0\.0\.1:1 \(.*ECONNREFUSED.*\): start the service, or correct host and port$/)
    const silent = `[outgoing_pools.rabbit.events]
call_timeout = 200
[outgoing_pools.rabbit.events.connection]
host = "127.0.0.1"
port = ${await takenPort(t)}
`
    assert.match((await wrongs(folder(t), silent))[0] ?? '', /: start the service, or correct host and port$/)
  })
})

describe('R28: meerkat check and the database', { skip: await postgresAbsent() }, () => {
  const pool = (database: string, password = SERVER.password, more = ''): string => `[outgoing_pools.rdbms.default]
[outgoing_pools.rdbms.default.connection]
driver = "pgsql"
host = "${SERVER.host}"
port = ${SERVER.port}
database = "${database}"
username = "${SERVER.user}"
password = "${password}"
${more}
`

  it('logs in, and reads which release has written it', async (t) => {
    const database = await makeDatabase()
    t.after(() => database.drop())
    const path = folder(t)
    const told = async (): Promise<string> =>
      printFindings(
        await checkServer(() => loadConfig(join(path, 'meerkat.toml'), GENERAL + pool(database.name), known)),
      )
    assert.match(await told(), /^ok .* logs in to the database "meerkat_test_/m)
    assert.match(await told(), /^ok .* is empty: the first start makes its tables$/m)
    assert.doesNotMatch(await told(), /may make no tables/)
    await migrateAlone(database.pool())
    assert.match(await told(), /^ok .* that of this release$/m)
    await database.run(`INSERT INTO schema_version VALUES (9999, 'later', 0)`)
    assert.match(await told(), /^wrong .* cannot be used: .* schema version 9999 \(later\)/m)
  })

  it('tells when the user may make no tables, and how to let it', async (t) => {
    const database = await makeDatabase()
    t.after(() => database.drop())
    await database.run('DROP SCHEMA public')
    const config = () => loadConfig(join(folder(t), 'meerkat.toml'), GENERAL + pool(database.name), known)
    assert.match(printFindings(await checkServer(config)), /^note .* may make no tables, .*: GRANT CREATE ON SCHEMA/m)
  })

  it('tells of a database that is not there, and of a server that is not, and how to mend it', async (t) => {
    const [missing] = await wrongs(folder(t), pool('meerkat_nowhere'))
    assert.match(missing ?? '', /nobody can log in to "meerkat_nowhere" .*: make the database/)
    const [closed] = await wrongs(folder(t), pool('any').replace(`port = ${SERVER.port}`, 'port = 1'))
    assert.match(closed ?? '', /ECONNREFUSED.*: start the service, or correct host and port$/)
    const [driver] = await wrongs(folder(t), pool('any').replace('pgsql', 'mysql'))
    assert.match(driver ?? '', /is not built into this server: use "pgsql"\): correct driver$/)
  })
})
