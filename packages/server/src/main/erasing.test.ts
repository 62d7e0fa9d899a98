import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { parseJid } from '@meerkat/protocol'
import type { Write } from '../core/database.ts'
import { memoryDatabase } from '../storage/memory.ts'
import { settle } from '../testing/story.ts'
import { JULIET, ROMEO, declared, leaveTraces, modules, tablesOf, tracesOf, verona } from './erasing.fixture.ts'

const places = declared.map(({ place }) => place)
/** What goes with an account; the rest is said to go otherwise, or with a domain. */
const isOrder = (place: string): boolean => place === 'store_entry erasing'
const OTHERWISE = new Set(declared.filter((keeping) => 'why' in keeping).map(({ place }) => place))
/** Of domains only: they stay when an account goes. */
const OF_DOMAINS = new Set([
  'users',
  'store_value domain_admin',
  'store_log http_upload_open',
  'store_log http_upload_kept',
])

/** A store by its name, or by that of a constant. */
const OPENING = /\.(keyValue|keyedSet|log)\((?:'(\w+)'|([A-Z]\w*)(?:\.(\w+))?)\)/g
const STORES = { keyValue: 'store_value', keyedSet: 'store_entry', log: 'store_log' } as const

/** What a constant, or a member of one, is in the first text that says it; its own name when none does. */
function valueOf(texts: readonly string[], constant: string, member: string | undefined): string {
  const pattern = new RegExp(
    member === undefined ? `\\b${constant} = '(\\w+)'` : `\\b${constant} = \\{[^}]*\\b${member}: '(\\w+)'`,
  )
  return texts.map((text) => pattern.exec(text)?.[1]).find((value) => value !== undefined) ?? constant
}

describe('what is kept of users is declared', () => {
  it('every table of the schema', async (t) => {
    const db = memoryDatabase()
    t.after(() => db.close())
    const known = new Set(places.map((place) => place.split(' ')[0]!))
    assert.deepEqual(
      (await tablesOf(db)).filter((table) => !known.has(table)),
      [],
      'a table belongs to a module: declare in its `keeps` how its rows go with an account and with a domain',
    )
  })

  it('every generic store that is opened by its name', () => {
    const source = join(import.meta.dirname, '..')
    const files = globSync('{modules,api,main,core,auth,listeners}/**/*.ts', { cwd: source })
    const texts = files
      .filter((file) => !/\.(?:test|fixture)\.ts$|testing/.test(file))
      .map((file) => readFileSync(join(source, file), 'utf8'))
    const opened = texts.flatMap((text) =>
      Array.from(
        text.matchAll(OPENING),
        ([, kind, name, constant, member]) =>
          `${STORES[kind as keyof typeof STORES]} ${name ?? valueOf([text, ...texts], constant!, member)}`,
      ),
    )
    assert.ok(opened.length > 20, String(opened))
    assert.ok(
      ['store_entry erasing', 'store_entry vcard_index', 'store_entry roster_farewells'].every((place) =>
        opened.includes(place),
      ),
    )
    assert.deepEqual(
      [...new Set(opened)].filter((place) => !places.includes(place)),
      [],
      'a store belongs to a module: declare it in its `keeps`',
    )
  })

  it('every place once', () => assert.equal(new Set(places).size, places.length))

  it('by every module with something that goes with accounts', () => {
    const folder = join(import.meta.dirname, '../modules')
    const listening = globSync('**/*.ts', { cwd: folder })
      .filter((file) => !file.endsWith('.test.ts'))
      .filter((file) => readFileSync(join(folder, file), 'utf8').includes('accountRemoved.on('))
      .map((file) => `mod_${file.split(/[/.]/)[0]!.replaceAll('-', '_')}`)
    assert.ok(listening.length >= 8)
    for (const key of listening) assert.ok((modules.get(key)?.keeps?.length ?? 0) > 0, `${key} has no \`keeps\``)
  })
})

// On PostgreSQL, too: see `storage/postgres/modules.test.ts`.
describe('erasing', () => {
  const playing = async (t: TestContext) => {
    const db = memoryDatabase()
    const scene = await verona(t, db)
    await leaveTraces(scene, 'juliet')
    return { db, scene, host: scene.host, eraser: scene.kernel.eraser }
  }

  it('S42: nothing of a removed account is left anywhere, and all of the others', async (t) => {
    const { db, scene, host } = await playing(t)
    // Whoever adds a place has to leave something in it here.
    assert.deepEqual(
      places.filter((place) => !OTHERWISE.has(place) && !OF_DOMAINS.has(place)).toSorted(),
      (await tracesOf(db, 'juliet')).filter((place) => !OTHERWISE.has(place) && !OF_DOMAINS.has(place)),
    )
    await db.commit([
      { sql: 'DELETE FROM users', params: [] },
      host.stores.keyValue('domain_admin').remove('example.com'),
    ])
    await db.commit([{ sql: `DELETE FROM pubsub_subscription WHERE service_domain = 'verona.lit'`, params: [] }])
    await db.commit([{ sql: `DELETE FROM pubsub_affiliation WHERE service_domain = 'verona.lit'`, params: [] }])
    await leaveTraces(scene, 'romeo')
    const ofRomeo = await tracesOf(db, 'romeo', 'juliet')
    assert.equal(await host.removeAccount(JULIET), true)
    await scene.device('juliet').disconnect()
    await scene.wait(1)
    await settle()
    assert.deepEqual(await tracesOf(db, 'juliet', 'romeo'), [])
    assert.deepEqual(await tracesOf(db, 'romeo', 'juliet'), ofRomeo)
    assert.equal(await host.removeAccount(JULIET), false)
  })

  it('also of modules that do not run any more', async (t) => {
    const { db, scene, host, eraser } = await playing(t)
    await scene.device('juliet').disconnect()
    await scene.kernel.modules.stopAll(host)
    assert.equal(await host.removeAccount(JULIET), true)
    await eraser.finish(JULIET)
    const left = (await tracesOf(db, 'juliet')).filter((place) => place !== 'users')
    assert.deepEqual(left, [])
  })

  it('after a crash the next start goes on where it stopped', async (t) => {
    const { db, scene, host } = await playing(t)
    await scene.device('juliet').disconnect()
    await scene.kernel.modules.stopAll(host)
    await host.removeAccount(JULIET)
    // The process dies before it has begun.
    await scene.kernel.eraser.stop()
    await scene.wait(2)
    assert.ok((await tracesOf(db, 'juliet')).includes('store_entry private'))
    assert.deepEqual((await tracesOf(db, 'juliet')).filter(isOrder), ['store_entry erasing'])
    const next = await verona(t, db)
    await next.kernel.eraser.resume()
    await next.wait(1)
    await settle()
    assert.deepEqual(
      (await tracesOf(db, 'juliet')).filter((place) => place !== 'users'),
      [],
    )
  })

  it('S42: nobody gets the name before that is done', async (t) => {
    const { db, scene, host } = await playing(t)
    await scene.device('juliet').disconnect()
    await scene.kernel.modules.stopAll(host)
    await host.removeAccount(JULIET)
    assert.ok((await tracesOf(db, 'juliet')).includes('store_entry private'))
    await host.accounts.register(JULIET, 'another')
    const left = (await tracesOf(db, 'juliet')).filter((place) => place !== 'users')
    assert.deepEqual(left, [])
    await scene.wait(2)
    assert.equal(await host.accounts.exists(JULIET), true)
  })

  it('a name that another node has given away is not touched', async (t) => {
    const { db, scene, host } = await playing(t)
    await host.removeAccount(JULIET)
    // The other node has finished, and somebody has the name.
    await host.commit(host.stores.keyedSet('erasing').remove('', JULIET.toString()))
    scene.account('juliet')
    await host.commit(host.stores.keyedSet('private').put(JULIET.toString(), 'notes', 'of the new one'))
    await scene.wait(1)
    await settle()
    assert.ok((await tracesOf(db, 'juliet')).includes('store_entry private'))
  })

  it('a domain goes with its accounts, and the next one of that name is empty', async (t) => {
    const { db, scene, host, eraser } = await playing(t)
    await host.commit(host.stores.keyedSet('private').put('nobody@example.com', 'a', 'without account'))
    await eraser.removeDomain('example.com')
    const left = (await tracesOf(db, 'example.com')).filter((place) => !OTHERWISE.has(place))
    assert.deepEqual(left, [])
    assert.equal(await host.accounts.exists(ROMEO), false)
    assert.deepEqual([...scene.kernel.directory.all()], [])
    await eraser.finish(parseJid('anybody@example.com'))
  })

  it('a domain that is served no more: after a crash the next start goes on where it stopped', async (t) => {
    const { db, scene } = await playing(t)
    await scene.device('juliet').disconnect()
    const { kernel } = scene
    await kernel.modules.stopAll(scene.host)
    kernel.hosts.removeType(scene.host.type)
    await kernel.eraser.orderDomain('example.com')
    let units = 0
    const commit = db.commit.bind(db)
    // The process dies between two units.
    const mock = t.mock.method(db, 'commit', (writes: readonly Write[]) =>
      ++units > 3 ? Promise.reject(new Error('crashed')) : commit(writes),
    )
    await assert.rejects(kernel.eraser.finish(parseJid('example.com')), /crashed/)
    await kernel.eraser.stop()
    mock.mock.restore()
    const before = await tracesOf(db, 'example.com')
    assert.ok(before.includes('store_value domain_admin') && before.filter(isOrder).length === 1, String(before))
    const next = await verona(t, db)
    next.kernel.hosts.removeType(next.host.type)
    await next.kernel.eraser.resume()
    await next.wait(1)
    await next.kernel.eraser.finish(parseJid('example.com'))
    const left = (await tracesOf(db, 'example.com')).filter((place) => !OTHERWISE.has(place) || isOrder(place))
    // What is sent again is remembered for a day.
    assert.deepEqual(
      left.filter((place) => place !== 'dedup'),
      [],
    )
  })

  it('much is removed in many units, none of which is large', async (t) => {
    const { db, host, scene, eraser } = await playing(t)
    const log = host.stores.log('offline')
    const many = Array.from({ length: 1200 }, (_, i) => log.append(JULIET.toString(), 'x', { at: i + 1 }))
    await host.commit(...many)
    await scene.device('juliet').disconnect()
    await scene.kernel.modules.stopAll(host)
    await host.removeAccount(JULIET)
    const units: (readonly Write[])[] = []
    const commit = db.commit.bind(db)
    t.mock.method(db, 'commit', (writes: readonly Write[]) => {
      units.push(writes)
      return commit(writes)
    })
    await eraser.finish(JULIET)
    assert.equal(units.filter((unit) => unit.some(({ sql }) => sql.startsWith('DELETE FROM store_log'))).length, 3)
  })
})
