import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { makeJid, parseJid } from '@meerkat/protocol'
import { internalAuth } from '../../auth/internal.ts'
import { loadConfig } from '../../core/config/index.ts'
import type { Database, Write } from '../../core/database.ts'
import { type ModuleDeclaration, personalData } from '../../core/module.ts'
import { Rosters } from '../../modules/roster/rosters.ts'
import { SearchIndex } from '../../modules/vcard/search-index.ts'
import { lockFolder } from '../../storage/sqlite/folder-lock.ts'
import { openSqlite } from '../../storage/sqlite/index.ts'
import { openStores } from '../../storage/stores.ts'
import { type TestDatabase, postgresAbsent } from '../../storage/testing/postgres.ts'
import { story } from '../../testing/story.ts'
import { knownParts } from '../known-parts.ts'
import { loadModules } from '../modules.ts'
import { migrateMongooseim, parseMigrate } from './index.ts'
import { account, addressOf, contact, mongooseim, passDetails } from './mongooseim.fixture.ts'
import { OPTIONS, figures, move } from './moving.fixture.ts'
import { printReport } from './report.ts'
import { Source, SourceError, parseSource } from './source.ts'

const skip = await postgresAbsent()
const modules = await loadModules()
const JULIET = parseJid('juliet@example.com')
const declarations = (...keys: string[]): (readonly [ModuleDeclaration])[] => keys.map((key) => [modules.get(key)!])

describe('meerkat migrate mongooseim', { skip }, () => {
  it('copies what can be kept, counts the rest with its reasons, and all counts agree', async (t) => {
    const { run } = await move(t)
    const report = await run()
    assert.deepEqual(figures(report), {
      accounts: [5, 3, 0, 0, 2],
      rosters: [6, 5, 0, 0, 1],
      vcards: [2, 1, 0, 0, 1],
      'private data': [1, 1, 0, 0, 0],
      'last activity': [2, 2, 0, 0, 0],
      'privacy lists': [3, 2, 0, 0, 1],
      'default privacy lists': [2, 1, 0, 0, 1],
      'offline messages': [3, 2, 0, 0, 1],
    })
    assert.equal(report.complete, true)
    assert.deepEqual(report.notes, ['elsewhere.example: 1 accounts are left there, as this domain was not asked for'])
    const text = printReport(report, { ...OPTIONS, from: '' })
    assert.match(text, /^example\.com, accounts: 5 rows; copied 3, here already 0, kept what is here 0, skipped 2$/m)
    assert.match(text, /^ {2}broken: the keys in pass_details cannot be read$/m)
    assert.match(text, /^ {2}nobody: there is no password$/m)
    assert.match(text, /^ {2}juliet odd@example\.net: subscription "X" with ask "N" is none of MongooseIM's$/m)
    assert.match(text, /All counts agree\.$/)
  })

  it('users log in with their passwords, whichever way these were kept', async (t) => {
    const { run, storage } = await move(t)
    await run()
    const auth = internalAuth(storage, { iterations: 4096 })
    for (const [name, password] of [
      ['juliet', 'secret'],
      ['legacy', 'old secret'],
      ['plain', `it's plain`],
    ] as const) {
      const user = makeJid(name, 'example.com')
      assert.equal(await auth.checkPassword(user, password), true, name)
      assert.equal(await auth.checkPassword(user, 'wrong'), false, name)
      assert.notEqual((await auth.credentials(user))?.scram('sha1'), undefined)
    }
    const clear = await storage.query(`SELECT 1 FROM users WHERE password <> '' OR pass_details LIKE '%plain%'`)
    assert.deepEqual(clear, [], 'a password in the clear becomes keys')
    const [made] = await storage.query<{ created_at: string }>(`SELECT created_at FROM users WHERE username = 'juliet'`)
    assert.match(String(made?.created_at), /^2020-02-02/)
    assert.equal(await auth.exists(makeJid('mercutio', 'elsewhere.example')), false)
  })

  it('modules read what was copied: contacts with groups, states and requests, vCards that are found, private data', async (t) => {
    const { run, storage } = await move(t)
    await run()
    const cast = declarations('mod_presence', 'mod_roster', 'mod_vcard', 'mod_private')
    const { host } = await story(t, { modules: cast, users: ['juliet'], storage })
    const roster = await new Rosters(host, 100).of(JULIET)
    const items = Object.fromEntries(
      Array.from(roster.all(), ({ jid, name, subscription, ask, groups, request, listed }) => [
        jid.local,
        [name, subscription, ask, groups.join(), request, listed],
      ]),
    )
    const request = (from: string, words = '') =>
      words === ''
        ? `<presence xmlns='jabber:client' type='subscribe' from='${from}'/>`
        : `<presence xmlns='jabber:client' type='subscribe' from='${from}'><status>${words}</status></presence>`
    const normal = (text: unknown) => (typeof text === 'string' ? text.replaceAll('"', `'`) : text)
    assert.deepEqual(
      JSON.parse(JSON.stringify(items), (_, value: unknown) => normal(value)),
      {
        romeo: ['Romeo', 'both', false, 'Balcony,Verona', null, true],
        nurse: ['', 'to', false, '', null, true],
        tybalt: ['Cousin', 'from', true, '', null, true],
        paris: ['', 'none', false, '', request('paris@example.net', 'Marry me'), false],
        friar: ['Friar', 'none', true, '', request('friar@example.net'), true],
      },
    )
    const found = await new SearchIndex(host).find('example.com', new Map([['nick', 'jule']]), 10)
    assert.deepEqual(
      found.map(({ user }) => user),
      ['juliet'],
    )
    const tables = await host.hooks.fold(personalData, [], JULIET)
    assert.deepEqual(tables.map(({ group }) => group).toSorted(), ['private', 'roster', 'vcard'])
    const [[ns] = []] = (tables.find(({ group }) => group === 'private')!.rows as string[][]) ?? []
    assert.equal(ns, 'urn:test:notes')
  })

  it('a second run finds everything there, and keeps what has changed here; --overwrite does not', async (t) => {
    const { run, storage, target, database } = await move(t)
    await run()
    await internalAuth(storage, { iterations: 4096 }).setPassword(JULIET, 'newer')
    await storage.commit([target.stores.keyedSet('private').remove(JULIET.toString(), 'nothing')])
    await database.run(`UPDATE rosterusers SET nick = 'Amme' WHERE jid LIKE 'nurse%'`)
    const second = await run()
    assert.deepEqual(figures(second), {
      accounts: [5, 0, 1, 2, 2],
      rosters: [6, 0, 4, 1, 1],
      vcards: [2, 0, 1, 0, 1],
      'private data': [1, 0, 1, 0, 0],
      'last activity': [2, 0, 2, 0, 0],
      'privacy lists': [3, 0, 2, 0, 1],
      'default privacy lists': [2, 0, 1, 0, 1],
      // These are not looked at once more.
      'offline messages': [3, 2, 0, 0, 1],
    })
    const [accounts] = second.outcomes
    assert.match(accounts!.reasons.join('\n'), /^juliet: another one is here already, and stays/m)
    assert.equal(await internalAuth(storage).checkPassword(JULIET, 'newer'), true)
    const third = await run({ overwrite: true })
    assert.equal(third.outcomes[1]!.copied, 1)
    assert.equal(await internalAuth(storage).checkPassword(JULIET, 'secret'), true)
    assert.match((await target.stores.keyedSet('roster').get(JULIET.toString(), 'nurse@example.com'))!, /Amme/)
  })

  it('--dry-run tells the same and writes nothing', async (t) => {
    const { run, storage } = await move(t)
    const report = await run({ dryRun: true })
    assert.deepEqual(figures(report)['accounts'], [5, 3, 0, 0, 2])
    assert.match(printReport(report, { ...OPTIONS, from: '', dryRun: true }), /to copy 3.*[^]*Nothing was written/)
    for (const table of ['users', 'store_entry', 'store_value'])
      assert.deepEqual(await storage.query(`SELECT * FROM ${table}`), [])
  })

  it('goes on where it was interrupted: what was copied is not copied again, and the counts are of both runs', async (t) => {
    const { run, target, database } = await move(t)
    const details = await passDetails('x', ['sha1'])
    const names = Array.from({ length: 1100 }, (_, i) => `u${String(i).padStart(4, '0')}`)
    await database.run(...names.map((name) => account('example.com', name, '', details)))
    let units = 0
    const dying: Database = {
      ...target.storage,
      query: (sql, ...params) => target.storage.query(sql, ...params),
      commit: (writes) => (++units > 2 ? Promise.reject(new Error('the process dies')) : target.storage.commit(writes)),
    }
    await assert.rejects(run({}, { ...target, storage: dying }), /dies/)
    const written: Write[] = []
    const watched: Database = {
      ...dying,
      commit: (writes) => {
        written.push(...writes.filter(({ sql }) => sql.startsWith('INSERT INTO users')))
        return target.storage.commit(writes)
      },
    }
    const report = await run({}, { ...target, storage: watched })
    assert.equal(written.length, 1105 - 2 - 998)
    assert.deepEqual(figures(report)['accounts'], [1105, 1103, 0, 0, 2])
    assert.equal(report.outcomes[0]!.before, 1000)
    assert.equal(report.complete, true)
    assert.deepEqual(await target.stores.keyedSet('migration').all(''), new Map())
  })

  it('says so when rows are not here in the end', async (t) => {
    const { run, target } = await move(t)
    const forgetful: Database = {
      ...target.storage,
      query: (sql, ...params) => target.storage.query(sql, ...params),
      commit: (writes) => target.storage.commit(writes.filter(({ sql }) => !sql.startsWith('INSERT INTO users'))),
    }
    const report = await run({}, { ...target, storage: forgetful })
    assert.equal(report.complete, false)
    assert.equal(report.outcomes[0]!.missing, 3)
    assert.match(printReport(report, { ...OPTIONS, from: '' }), /WRONG: 3 rows are not here[^]*do not agree/)
  })

  it('names are prepared as here, and those that cannot be names are told', async (t) => {
    const { run, storage, database } = await move(t)
    await database.run(account('example.com', 'UPPER', 'x', null), account('example.com', 'a b', 'x', null))
    await database.run(contact('UPPER', 'ROMEO@Example.NET/orchard', '', 'B', 'N', ''))
    const [accounts] = (await run()).outcomes
    assert.match(accounts!.reasons.join('\n'), /^a b: /m)
    assert.equal(await internalAuth(storage).exists(makeJid('upper', 'example.com')), true)
    assert.deepEqual(
      [...(await openStores(storage).keyedSet('roster').all('upper@example.com')).keys()],
      ['romeo@example.net'],
    )
  })

  it('waits for a name that is being erased', async (t) => {
    const { run, target } = await move(t)
    await target.storage.commit([target.stores.keyedSet('erasing').put('', 'juliet@example.com', '0')])
    await assert.rejects(run(), /juliet@example\.com is being erased: start the server/)
  })

  it('a database that lacks a table is copied without it; one that is no MongooseIM is refused', async (t) => {
    const { run, database } = await move(t)
    await database.run('DROP TABLE private_storage')
    const report = await run()
    assert.ok(report.notes.includes('private data: MongooseIM has no table private_storage there'))
    await database.run('DROP TABLE users')
    await assert.rejects(run(), /no table users: it is no MongooseIM/)
  })

  it('never writes to the source', async (t) => {
    const { database } = await move(t)
    const source = await Source.open(parseSource(addressOf(database)))
    await assert.rejects(source.rows(`DELETE FROM users`), /read-only transaction/)
    await source.close()
  })
})

const GENERAL = `[general]
hosts = ["example.com"]
default_server_domain = "example.com"
[auth]
methods = ["internal"]
[auth.internal]
`

describe('the command', { skip }, () => {
  const place = async (t: TestContext): Promise<{ folder: string; database: TestDatabase }> => {
    const folder = mkdtempSync(join(tmpdir(), 'meerkat-'))
    const database = await mongooseim()
    t.after(async () => {
      rmSync(folder, { recursive: true })
      await database.drop()
    })
    return { folder, database }
  }
  const config = (folder: string) => loadConfig(join(folder, 'meerkat.toml'), GENERAL, knownParts(modules))

  it('copies into the store that the configuration names', async (t) => {
    const { folder, database } = await place(t)
    const options = parseMigrate(['mongooseim', '--from', addressOf(database)])
    assert.equal((await migrateMongooseim(config(folder), options)).complete, true)
    const storage = await openSqlite({ file: join(folder, 'data', 'meerkat.db') })
    assert.equal(await internalAuth(storage).checkPassword(JULIET, 'secret'), true)
    await storage.close()
  })

  it('refuses while a server runs, and domains that are not there', async (t) => {
    const { folder, database } = await place(t)
    const parsed = (...words: string[]) => parseMigrate(['mongooseim', '--from', addressOf(database), ...words])
    await assert.rejects(
      migrateMongooseim(config(folder), parsed('--domain', 'other.example')),
      /other\.example is no domain of this configuration, which has example\.com/,
    )
    const lock = lockFolder(config(folder).general.data_dir)
    t.after(() => lock.release())
    await assert.rejects(migrateMongooseim(config(folder), parsed()), /another server uses the data folder/)
  })
})

describe('the words of meerkat migrate', () => {
  it('are understood', () => {
    assert.deepEqual(parseMigrate(['mongooseim', '--from', 'x', '--domain', 'a', '--domain', 'b', '--dry-run']), {
      from: 'x',
      domains: ['a', 'b'],
      dryRun: true,
      overwrite: false,
    })
    for (const wrong of [[], ['ejabberd', '--from', 'x'], ['mongooseim'], ['mongooseim', '--form', 'x']])
      assert.throws(() => parseMigrate(wrong), SourceError)
  })

  it('name a database; the password may be elsewhere', () => {
    const { host, port, user, password, database, tls } = parseSource(
      'postgres://m:p%40ss@db.example/im?sslmode=verify-full',
    )
    assert.deepEqual([host, port, user, password, database], ['db.example', 5432, 'm', 'p@ss', 'im'])
    assert.deepEqual([tls?.required, tls?.options.rejectUnauthorized], [true, true])
    assert.equal(parseSource('postgresql://m@h:6000/im', { PGPASSWORD: 'env' }).password, 'env')
    for (const wrong of ['', 'mysql://h/d', 'postgres://h', 'postgres://h/d?sslmode=perhaps'])
      assert.throws(() => parseSource(wrong), SourceError, wrong)
  })

  it('a database that is not there is told', async () => {
    const server = parseSource('postgres://m:p@127.0.0.1:1/im?sslmode=disable')
    await assert.rejects(Source.open(server), /^SourceError: the database im at 127\.0\.0\.1:1 cannot be read: /)
  })
})
