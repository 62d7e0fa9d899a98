import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type ArchivePrefs,
  Iq,
  type Jid,
  MamPrefs,
  buildMamPrefs,
  errorCondition,
  parseJid,
  parseMamPrefs,
} from '@meerkat/protocol'
import { contactsOf } from '../../core/contacts.ts'
import { accountRemoved, defineModule } from '../../core/module.ts'
import type { Device } from '../../testing/story.ts'
import mam from './index.ts'
import { JULIET, ROMEO, chat, read, verona } from './stage.fixture.ts'

const PM = { user_prefs_store: 'rdbms' }
const MERCUTIO = 'mercutio@example.com'

const prefs = (choice: ArchivePrefs['default'], always: string[] = [], never: string[] = []): ArchivePrefs => ({
  default: choice,
  always: always.map(parseJid),
  never: never.map(parseJid),
})
const set = (device: Device, wanted: ArchivePrefs, to?: string) =>
  device.request(Iq({ type: 'set', to }, buildMamPrefs(wanted)))
const get = async (device: Device) => parseMamPrefs(MamPrefs.in(await device.request(Iq({ type: 'get' }, MamPrefs())))!)

/** A roster with Juliet in it. */
const contacts = defineModule({
  key: 'mod_contacts',
  summary: 'A roster for tests.',
  specs: [],
  start: () => {
    const contact = {
      jid: parseJid(JULIET),
      subscription: 'none',
      groups: [],
      request: undefined,
      listed: true,
    } as const
    const roster = { get: (jid: Jid) => (jid.toString() === JULIET ? contact : undefined), all: () => [contact] }
    return { hooks: [contactsOf.on(() => roster)] }
  },
})

describe('XEP-0441: archiving preferences', () => {
  it('are not there unless a store for them is configured', async (t) => {
    const { romeo } = await verona(t)
    assert.equal(errorCondition(await set(romeo, prefs('never'))), 'feature-not-implemented')
    const asked = await romeo.request(Iq({ type: 'get' }, MamPrefs()))
    assert.equal(errorCondition(asked), 'feature-not-implemented')
  })

  it('§3: everything is archived until the user says otherwise; the answer tells what was set', async (t) => {
    const { romeo, scene } = await verona(t, PM)
    assert.deepEqual(await get(romeo), prefs('always'))
    const wanted = prefs('never', [JULIET], [MERCUTIO])
    assert.deepEqual(parseMamPrefs(MamPrefs.in(await set(romeo, wanted))!), wanted)
    assert.deepEqual(await get(romeo), wanted)
    await scene.reconfigure(mam, { pm: PM })
    assert.deepEqual(await get(romeo), wanted)
  })

  it('§2: lists come before the default, a full JID before a bare one', async (t) => {
    const { romeo } = await verona(t, PM)
    const archived = async (wanted: ArchivePrefs) => {
      const before = (await read(romeo, { rsm: { max: 50 } })).bodies.length
      await set(romeo, wanted)
      for (const to of [`${JULIET}/balcony`, JULIET, MERCUTIO]) await romeo.send(chat(to, to))
      return (await read(romeo, { rsm: { max: 50 } })).bodies.slice(before)
    }
    assert.deepEqual(await archived(prefs('never')), [])
    assert.deepEqual(await archived(prefs('never', [JULIET])), [`${JULIET}/balcony`, JULIET])
    assert.deepEqual(await archived(prefs('always', [], [JULIET])), [MERCUTIO])
    assert.deepEqual(await archived(prefs('always', [`${JULIET}/balcony`], [JULIET])), [`${JULIET}/balcony`, MERCUTIO])
    assert.deepEqual(await archived(prefs('roster')), [])
  })

  it('§2: roster archives what is exchanged with contacts', async (t) => {
    const { romeo } = await verona(t, PM, [[contacts]])
    await set(romeo, prefs('roster'))
    await romeo.send(chat(JULIET, 'contact'))
    await romeo.send(chat(MERCUTIO, 'stranger'))
    assert.deepEqual((await read(romeo)).bodies, ['contact'])
  })

  it("are each user's own: the other party's archive follows the other party's", async (t) => {
    const { romeo, juliet } = await verona(t, PM)
    await set(romeo, prefs('never'))
    await romeo.send(chat(`${JULIET}/balcony`, 'hey'))
    await juliet.send(chat(`${ROMEO}/orchard`, 'ho'))
    assert.equal(romeo.take().length + juliet.take().length, 2)
    assert.deepEqual([(await read(romeo)).bodies, (await read(juliet)).bodies], [[], ['hey', 'ho']])
  })

  it("S61: nobody sets or sees another's; lists have an end", async (t) => {
    const { romeo } = await verona(t, PM)
    assert.equal(errorCondition(await set(romeo, prefs('never'), JULIET)), 'forbidden')
    const many = prefs(
      'always',
      Array.from({ length: 1001 }, (_, index) => `u${index}@example.com`),
    )
    assert.equal(errorCondition(await set(romeo, many)), 'resource-constraint')
    assert.deepEqual(await get(romeo), prefs('always'))
  })

  it('go with the account, also when they are not in use any more', async (t) => {
    const { romeo, scene } = await verona(t, PM)
    await set(romeo, prefs('never'))
    await scene.reconfigure(mam, { pm: {} })
    await scene.host.commit(...(await scene.host.hooks.fold(accountRemoved, [], romeo.jid.bare)))
    await scene.reconfigure(mam, { pm: PM })
    assert.deepEqual(await get(romeo), prefs('always'))
  })
})
