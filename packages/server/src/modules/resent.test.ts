import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message, OriginId, parseJid } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { type Database, type Write } from '../core/database.ts'
import { HandledBefore, accountRemoved, defineModule, userReceive, userSend } from '../core/module.ts'
import { memoryDatabase } from '../storage/memory.ts'
import { openSqlite } from '../storage/sqlite/index.ts'
import { temporaryFolder } from '../storage/testing/folder.ts'
import { type Device, settle, story } from '../testing/story.ts'
import mam from './mam/index.ts'
import messages from './messages.ts'
import offline from './offline/index.ts'
import presence from './presence/index.ts'
import resent, { CHECKED, REMEMBERED, forgetting, remembering } from './resent.ts'

type Context = Parameters<typeof story>[0]

const ROMEO = 'romeo@example.com'
const HOME = `${ROMEO}/1`
const chat = (body: string, id: string, to = HOME): Element =>
  Message({ to, type: 'chat', id }, Body({}, body), OriginId({ id }))
const bodies = (device: Device) => device.take().map((stanza) => text(Body.in(stanza)))
const archived = async (storage: Database): Promise<number> =>
  (await storage.query<{ n: number }>('SELECT count(*) AS n FROM mam_message'))[0]!.n

/** Juliet, and Romeo at home; what they say is archived. */
async function verona(t: Context, storage: Database = memoryDatabase()) {
  const scene = await story(t, {
    modules: [[messages], [resent], [mam, { pm: {} }]],
    users: ['juliet', 'juliet/phone', 'romeo/1'],
    storage,
  })
  return { scene, storage, juliet: scene.device('juliet'), romeo: scene.device('romeo/1') }
}

const stores: Readonly<Record<string, (t: Context) => Promise<Database>>> = {
  memory: async () => memoryDatabase(),
  SQLite: async (t) => {
    const folder = temporaryFolder()
    t.after(async () => folder.remove())
    return openSqlite({ file: `${folder.path}/meerkat.db`, durability: 'process' })
  },
}

for (const [name, open] of Object.entries(stores))
  describe(`R2: resent messages over ${name}`, () => {
    it('R2: one that is archived is neither kept nor delivered again; its sender sees no error', async (t) => {
      const { scene, storage, juliet, romeo } = await verona(t, await open(t))
      for (const device of [juliet, juliet, scene.device('juliet/phone')]) {
        await device.send(chat('hey', 'o1', device === juliet ? HOME : ROMEO))
        await settled(scene)
      }
      await juliet.send(chat('ho', 'o2'))
      await settled(scene)
      // The phone's was addressed otherwise, and is the same message all the same.
      assert.deepEqual(bodies(romeo), ['hey', 'ho'])
      assert.deepEqual([juliet.take(), scene.device('juliet/phone').take()], [[], []])
      assert.equal(await archived(storage), 4)
      assert.equal(scene.host.counters.commitsFailed, 0)
    })

    it('R2: what comes behind a resent message does not overtake what was before it', async (t) => {
      const { scene, juliet, romeo } = await verona(t, await open(t))
      await Promise.all(['o1', 'o2', 'o1', 'o3', 'o2', 'o4'].map((id) => juliet.send(chat(id, id))))
      await settled(scene)
      assert.deepEqual(bodies(romeo), ['o1', 'o2', 'o3', 'o4'])
    })
  })

/** Lets an engine in another thread finish what it was handed. */
async function settled(scene: Awaited<ReturnType<typeof story>>): Promise<void> {
  await scene.host.commit(forgetting(0))
  await settle()
}

describe('R2: what is a resent message', () => {
  it('R2: one to somebody else, of somebody else, or a day later is another message', async (t) => {
    const { scene, juliet, romeo } = await verona(t)
    const nurse = scene.connect('nurse/1')
    await juliet.send(chat('to romeo', 'o1'))
    await juliet.send(chat('to the nurse', 'o1', 'nurse@example.com/1'))
    await nurse.send(chat('of the nurse', 'o1'))
    scene.clock.advance(REMEMBERED / 1e6)
    await juliet.send(chat('a day later', 'o1'))
    assert.deepEqual(bodies(nurse), ['to the nurse'])
    assert.deepEqual(bodies(romeo), ['to romeo', 'of the nurse', 'a day later'])
  })

  it('R2: what nobody keeps is delivered as often as it is sent, without a commit', async (t) => {
    const units: (readonly Write[])[] = []
    const memory = memoryDatabase()
    const storage: Database = {
      commit: (writes) => (units.push(writes), memory.commit(writes)),
      query: (sql, ...params) => memory.query(sql, ...params),
      close: () => memory.close(),
    }
    const scene = await story(t, { modules: [[messages], [resent]], users: ['juliet', 'romeo/1'], storage })
    for (let i = 0; i < 2; i++) await scene.device('juliet').send(chat('hey', 'o1'))
    assert.deepEqual(bodies(scene.device('romeo/1')), ['hey', 'hey'])
    // A unit that held the message up would let its recipient go meanwhile, and acknowledge what nobody has.
    assert.deepEqual(units, [])
  })

  it('R2: what was kept before a session began is recognised, though nobody keeps what comes now; later in the session it is not looked up', async (t) => {
    const scene = await story(t, { modules: [[messages], [resent]], users: ['juliet', 'romeo/1'] })
    const [juliet, romeo] = [scene.device('juliet'), scene.device('romeo/1')]
    const remember = (id: string) => scene.host.commit(remembering(juliet.jid, romeo.jid, id, scene.clock.now() * 1000))
    await remember('o1')
    for (let i = 1; i < CHECKED; i++) await juliet.send(chat(`${i}`, `n${i}`))
    await juliet.send(chat('again', 'o1'))
    assert.deepEqual(
      bodies(romeo),
      Array.from({ length: CHECKED - 1 }, (_, n) => String(n + 1)),
    )
    assert.deepEqual(juliet.take(), [])
    await juliet.send(chat('much later', 'o1'))
    assert.deepEqual(bodies(romeo), ['much later'])
  })

  it('R2: when it cannot be looked up, the message is delivered', async (t) => {
    const memory = memoryDatabase()
    const storage: Database = {
      commit: (writes) => memory.commit(writes),
      query: (sql, ...params) =>
        sql.includes('FROM dedup') ? Promise.reject(new Error('no connection')) : memory.query(sql, ...params),
      close: () => memory.close(),
    }
    const scene = await story(t, { modules: [[messages], [resent]], users: ['juliet', 'romeo/1'], storage })
    await scene.device('juliet').send(chat('hey', 'o1'))
    assert.deepEqual(bodies(scene.device('romeo/1')), ['hey'])
  })

  it('R2: one that was refused is taken when it comes again', async (t) => {
    let refuse = true
    const refusing = defineModule({
      key: 'mod_refusing',
      summary: '',
      specs: [],
      start: () => ({
        hooks: [
          userReceive.on((delivery) => {
            if (refuse) delivery.keep({ sql: 'nonsense', params: [] })
            return undefined
          }),
        ],
      }),
    })
    const scene = await story(t, {
      modules: [[messages], [resent], [mam, { pm: {} }], [refusing]],
      users: ['juliet', 'romeo/1'],
    })
    const [juliet, romeo] = [scene.device('juliet'), scene.device('romeo/1')]
    await juliet.send(chat('hey', 'o1'))
    assert.deepEqual(
      juliet.take().map((stanza) => stanza.attr('type')),
      ['error'],
    )
    refuse = false
    await juliet.send(chat('hey', 'o1'))
    assert.deepEqual([bodies(romeo), juliet.take()], [['hey'], []])
  })

  it('R2: one that is kept until its recipient comes back is delivered then, once', async (t) => {
    const scene = await story(t, {
      modules: [[messages], [presence], [offline], [resent]],
      users: ['juliet'],
      absent: ['romeo'],
    })
    for (let i = 0; i < 3; i++) await scene.device('juliet').send(chat('hey', 'o1'))
    assert.deepEqual(scene.device('juliet').take(), [])
    const rows = await scene.host.storage.query<{ n: number }>('SELECT count(*) AS n FROM store_log')
    assert.equal(rows[0]!.n, 1)
  })

  it('R2: an error that brings the id of a message is not that message; an id without end is none', async (t) => {
    const { juliet, romeo } = await verona(t)
    const long = 'x'.repeat(129)
    for (let i = 0; i < 2; i++) await juliet.send(chat('long', long))
    await juliet.send(chat('hey', 'o1'))
    await juliet.send(chat('error', 'o1').with({ type: 'error' }))
    assert.deepEqual(bodies(romeo), ['long', 'long', 'hey', 'error'])
  })

  it('R2: for the API, sending again succeeds', async (t) => {
    const { scene, romeo } = await verona(t)
    const juliet = parseJid('juliet@example.com')
    for (let i = 0; i < 2; i++) await scene.kernel.router.submit(chat('hey', 'o1'), juliet, parseJid(HOME), 'api')
    assert.deepEqual(bodies(romeo), ['hey'])
  })

  it('R2: no listener that tells of a message tells of it again', async (t) => {
    const told: string[] = []
    const telling = defineModule({
      key: 'mod_telling',
      summary: '',
      specs: [],
      start: () => ({
        hooks: [
          userSend.on((delivery) => {
            delivery.afterwards(() => void told.push(text(Body.in(delivery.stanza))))
            return undefined
          }),
        ],
      }),
    })
    const scene = await story(t, {
      modules: [[messages], [resent], [mam, { pm: {} }], [telling]],
      users: ['juliet', 'romeo/1'],
    })
    for (const id of ['o1', 'o1', 'o2']) await scene.device('juliet').send(chat(id, id))
    assert.deepEqual(told, ['o1', 'o2'])
  })
})

describe('what is remembered', () => {
  const juliet = parseJid('juliet@example.com')
  const message = (id: string, at: number): Write => remembering(juliet, parseJid(ROMEO), id, at)
  const ids = async (db: Database) =>
    (await db.query<{ origin_id: string }>('SELECT origin_id FROM dedup ORDER BY at')).map((row) => row.origin_id)

  it('R2: refuses its unit for a day', async () => {
    const db = memoryDatabase()
    await db.commit([message('o1', 5)])
    await assert.rejects(db.commit([message('o2', 6), message('o1', 4 + REMEMBERED)]), HandledBefore)
    await db.commit([message('o1', 5 + REMEMBERED)])
    await assert.rejects(db.commit([message('o1', 6 + REMEMBERED)]), HandledBefore)
    assert.deepEqual(await ids(db), ['o1'])
    await db.close()
  })

  it('is forgotten when it is a day old, and with its sender', async (t) => {
    const { scene, storage, juliet: device } = await verona(t)
    await device.send(chat('hey', 'old'))
    await scene.wait(1200)
    assert.deepEqual(await ids(storage), ['old'])
    scene.clock.advance(REMEMBERED / 1e6)
    await device.send(chat('hey', 'new'))
    scene.kernel.timers.advance()
    await settle()
    assert.deepEqual(await ids(storage), ['new'])
    const { accounts, hooks } = scene.host
    await accounts.remove(juliet, await hooks.fold(accountRemoved, [], juliet))
    assert.deepEqual(await ids(storage), [])
  })
})
