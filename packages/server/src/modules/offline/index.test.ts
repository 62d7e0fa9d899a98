import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Body,
  Delay,
  Expire,
  Message,
  NoPermanentStoreHint,
  NoStoreHint,
  Presence,
  Priority,
  StanzaId,
  errorCondition,
  formatDateTime,
  parseJid,
} from '@meerkat/protocol'
import { type Element, parseElement, text } from '@meerkat/xml'
import type { Database } from '../../core/database.ts'
import { accountRemoved } from '../../core/module.ts'
import { memoryDatabase } from '../../storage/memory.ts'
import { type Device, type Story, settle, story } from '../../testing/story.ts'
import mam from '../mam/index.ts'
import messages from '../messages.ts'
import presence from '../presence/index.ts'
import offline from './index.ts'

const DOMAIN = 'example.com'
const JULIET = `juliet@${DOMAIN}`
const ACTIVE = parseElement(`<active xmlns='http://jabber.org/protocol/chatstates'/>`)

interface Options {
  readonly section?: Record<string, unknown>
  readonly limit?: number | string
  readonly more?: Parameters<typeof story>[1]['modules']
  readonly storage?: Database
}

/** Romeo is there, Juliet is away. */
async function verona(t: { after(end: () => Promise<void>): void }, options: Options = {}) {
  const { section = {}, limit = 'deny', more = [], storage } = options
  const scene = await story(t, {
    modules: [[messages], [presence], [offline, section], ...more],
    users: ['romeo/orchard'],
    absent: ['juliet'],
    access: { max_user_offline_messages: limit, mam_lookup_messages: 'default' },
    ...(storage === undefined ? {} : { storage }),
  })
  return { scene, romeo: scene.device('romeo/orchard') }
}

const chat = (words: string, ...more: Element[]) => Message({ to: JULIET, type: 'chat' }, Body({}, words), ...more)
const available = (priority = 0) => Presence({}, Priority({}, String(priority)))
const kept = (scene: Story) => scene.host.stores.log('offline').count(JULIET)
const taken = (device: Device) => device.take().filter(({ name }) => name === 'message')
const bodies = (device: Device) => taken(device).map((message) => text(Body.in(message)))

/** Juliet comes to a device that takes messages. */
async function arrive(scene: Story, name = 'juliet/balcony', priority = 0): Promise<Device> {
  const device = scene.connect(name)
  await device.send(available(priority))
  return device
}

async function talk(from: Device, count: number): Promise<string[]> {
  const words = Array.from({ length: count }, (_, index) => String(index + 1))
  for (const word of words) await from.send(chat(word))
  return words
}

/** A store whose commits wait while it is held. */
function heldDatabase(): Database & { hold(): () => void } {
  const inner = memoryDatabase()
  let open = Promise.resolve()
  return {
    commit: (writes) => open.then(() => inner.commit(writes)),
    query: (sql, ...params) => inner.query(sql, ...params),
    close: () => inner.close(),
    hold() {
      const held = Promise.withResolvers<void>()
      open = held.promise
      return held.resolve
    },
  }
}

describe('XEP-0160 §2: messages for a user who is away', () => {
  it('are kept, and delivered oldest first with the time of their arrival', async (t) => {
    const { scene, romeo } = await verona(t)
    const sent = scene.clock.now()
    await talk(romeo, 3)
    assert.deepEqual(romeo.take(), [])
    await scene.wait(60)
    const received = taken(await arrive(scene))
    assert.deepEqual(
      received.map((message) => text(Body.in(message))),
      ['1', '2', '3'],
    )
    const delay = Delay.in(received[0]!)
    assert.deepEqual([delay?.attr('from'), delay?.attr('stamp')], [DOMAIN, formatDateTime(sent * 1000)])
    assert.equal(received[0]!.attr('from'), `romeo@${DOMAIN}/orchard`)
    assert.equal(await kept(scene), 0)
  })

  it('wait for a device that takes messages: of negative priority it is none', async (t) => {
    const { scene, romeo } = await verona(t)
    await talk(romeo, 1)
    const balcony = await arrive(scene, 'juliet/balcony', -1)
    assert.deepEqual(bodies(balcony), [])
    await balcony.send(available(1))
    assert.deepEqual(bodies(balcony), ['1'])
    await balcony.send(available(2))
    assert.deepEqual(bodies(balcony), [])
  })

  it('come in as many pages as they need, each message once', async (t) => {
    const { scene, romeo } = await verona(t, { limit: 'infinity' })
    const words = await talk(romeo, 120)
    assert.deepEqual(bodies(await arrive(scene)), words)
    assert.equal(await kept(scene), 0)
  })

  it('RFC 6121 §8.5.2.1: none is overtaken by one that comes while they are handed over', async (t) => {
    const { scene, romeo } = await verona(t, { limit: 'infinity' })
    const words = await talk(romeo, 120)
    const device = scene.connect('juliet/balcony')
    const arriving = device.send(available())
    for (const word of ['a', 'b']) await romeo.send(chat(word))
    await arriving
    await settle()
    assert.deepEqual(bodies(device), [...words, 'a', 'b'])
    await romeo.send(chat('c'))
    assert.deepEqual(bodies(device), ['c'])
  })

  it('what waits behind them is not lost with the device', async (t) => {
    const { scene, romeo } = await verona(t, { limit: 'infinity' })
    const words = await talk(romeo, 120)
    const device = scene.connect('juliet/balcony')
    const arriving = device.send(available())
    await romeo.send(chat('a'))
    await device.disconnect()
    await arriving
    await settle()
    const before = bodies(device)
    const after = bodies(await arrive(scene, 'juliet/chamber'))
    assert.deepEqual([...new Set([...before, ...after])].toSorted(), [...words, 'a'].toSorted())
    assert.equal(await kept(scene), 0)
  })

  it('large ones go a few at a time, and none is too large', async (t) => {
    const { scene, romeo } = await verona(t)
    const large = 'x'.repeat(200_000)
    for (let i = 0; i < 3; i++) await romeo.send(chat(large))
    assert.deepEqual(bodies(await arrive(scene)), [large, large, large])
    assert.equal(await kept(scene), 0)
  })

  it('the feature is announced', async (t) => {
    const { scene } = await verona(t)
    assert.deepEqual(scene.host.serverFeatures.list(), ['msgoffline'])
  })
})

describe('XEP-0160 §3: what is kept', () => {
  const returned = async (t: { after(end: () => Promise<void>): void }, message: Element) => {
    const { scene, romeo } = await verona(t)
    await romeo.send(message)
    return { errors: romeo.take().map(errorCondition), count: await kept(scene) }
  }

  it('normal and chat messages', async (t) => {
    assert.deepEqual(await returned(t, Message({ to: JULIET }, Body({}, 'hey'))), { errors: [], count: 1 })
    assert.deepEqual(await returned(t, chat('hey', ACTIVE)), { errors: [], count: 1 })
  })

  it('no headlines, errors and messages of rooms', async (t) => {
    for (const [type, errors] of [
      ['headline', []],
      ['error', []],
      ['groupchat', ['service-unavailable']],
    ] as const)
      assert.deepEqual(await returned(t, chat('hey').with({ type })), { errors: [...errors], count: 0 }, type)
  })

  it('XEP-0085 §5.5: no message that says nothing but a chat state', async (t) => {
    const state = Message({ to: JULIET, type: 'chat' }, ACTIVE)
    assert.deepEqual(await returned(t, state), { errors: [], count: 0 })
  })

  it('XEP-0334 §4: none with no-store; no-permanent-store is about archives', async (t) => {
    assert.deepEqual(await returned(t, chat('hey', NoStoreHint())), { errors: ['service-unavailable'], count: 0 })
    assert.deepEqual(await returned(t, chat('hey', NoPermanentStoreHint())), { errors: [], count: 1 })
  })

  it('XEP-0023 §3: what has expired is not delivered', async (t) => {
    const { scene, romeo } = await verona(t)
    await romeo.send(chat('soup is ready', Expire({ seconds: 30 })))
    await romeo.send(chat('rent is due', Expire({ seconds: 3600 })))
    await scene.wait(60)
    assert.deepEqual(bodies(await arrive(scene)), ['rent is due'])
    assert.equal(await kept(scene), 0)
  })
})

describe('MongooseIM: the quota', () => {
  it('one message too many is refused with resource-constraint', async (t) => {
    const { scene, romeo } = await verona(t, { limit: 2 })
    await talk(romeo, 3)
    assert.deepEqual(romeo.take().map(errorCondition), ['resource-constraint'])
    assert.deepEqual(bodies(await arrive(scene)), ['1', '2'])
  })

  it('holds when many arrive at once', async (t) => {
    const { scene, romeo } = await verona(t, { limit: 2 })
    await Promise.all(Array.from({ length: 5 }, (_, index) => romeo.send(chat(String(index)))))
    assert.equal(romeo.take().length, 3)
    assert.equal(await kept(scene), 2)
  })

  it('is 100 where the rule gives no number, and the rule can have another name', async (t) => {
    const { scene, romeo } = await verona(t, { section: { access_max_user_messages: 'mine' } })
    await talk(romeo, 101)
    assert.equal(romeo.take().length, 1)
    assert.equal(await kept(scene), 100)
  })

  it('what is refused is not in the archive either', async (t) => {
    const { scene, romeo } = await verona(t, { limit: 1, more: [[mam, { pm: {} }]] })
    await talk(romeo, 2)
    const rows = await scene.host.storage.query<{ n: number }>('SELECT count(*) AS n FROM mam_message')
    assert.deepEqual(rows, [{ n: 2 }])
  })
})

describe('S60: what comes with a kept message', () => {
  it('its id in the archive stays, and a forged delay of this server goes', async (t) => {
    const { scene, romeo } = await verona(t, { more: [[mam, { pm: {} }]] })
    await romeo.send(chat('hey'))
    const forged = Delay({ from: 'EXAMPLE.com', stamp: '2001-01-01T00:00:00Z' })
    await romeo.send(chat('ho', forged, forged.with({ from: 'elsewhere.example' })))
    const [first, second] = taken(await arrive(scene))
    const [row] = await scene.host.storage.query<{ message: Uint8Array }>(
      `SELECT message FROM mam_message WHERE direction = 'I' ORDER BY id LIMIT 1`,
    )
    const archived = parseElement(new TextDecoder().decode(row!.message))
    assert.equal(StanzaId.in(first!)?.attr('by'), JULIET)
    assert.deepEqual(StanzaId.all(first!), StanzaId.all(archived))
    const delays = Delay.all(second!)
    assert.deepEqual(
      delays.map((delay) => delay.attr('from')),
      ['elsewhere.example', DOMAIN],
    )
    assert.notEqual(delays[1]!.attr('stamp'), '2001-01-01T00:00:00Z')
  })
})

describe('devices that come and go', () => {
  it('of two that come at once, one gets the messages', async (t) => {
    const { scene, romeo } = await verona(t, { limit: 'infinity' })
    const words = await talk(romeo, 120)
    const devices = [scene.connect('juliet/balcony'), scene.connect('juliet/phone')]
    await Promise.all(devices.map((device) => device.send(available())))
    assert.deepEqual(devices.flatMap(bodies), words)
  })

  it('a device that is lost in the middle leaves the rest, and what it may not have got, to the next', async (t) => {
    const storage = heldDatabase()
    const { scene, romeo } = await verona(t, { storage, limit: 'infinity' })
    const words = await talk(romeo, 120)
    const release = storage.hold()
    const balcony = await arrive(scene)
    assert.deepEqual(bodies(balcony), words.slice(0, 50))
    await balcony.disconnect()
    release()
    await settle()
    assert.equal(await kept(scene), 70)
    assert.deepEqual(bodies(await arrive(scene, 'juliet/phone')), words.slice(50))
  })

  it('a device that is lost while it is handed a page keeps nothing from the next', async (t) => {
    const { scene, romeo } = await verona(t)
    const words = await talk(romeo, 3)
    const balcony = scene.connect('juliet/balcony')
    const { connection } = balcony.session
    // A client that does not read: the connection ends when its queue is full.
    const send = connection.send.bind(connection)
    connection.send = (stanza) => {
      send(stanza)
      if (stanza.name === 'message') scene.kernel.endSession(balcony.session, 'too slow')
    }
    await balcony.send(available())
    assert.equal(await kept(scene), 3)
    assert.deepEqual(bodies(await arrive(scene, 'juliet/phone')), words)
  })

  it('what is stored while the user comes back is delivered then, not at the next time', async (t) => {
    const storage = heldDatabase()
    const { scene, romeo } = await verona(t, { storage })
    const release = storage.hold()
    await romeo.send(chat('hey'))
    const balcony = await arrive(scene)
    assert.deepEqual(bodies(balcony), [])
    release()
    await settle()
    assert.deepEqual(bodies(balcony), ['hey'])
    assert.equal(await kept(scene), 0)
  })
})

describe('the module', () => {
  it('is restarted while sessions stay, and has what was kept', async (t) => {
    const { scene, romeo } = await verona(t)
    await talk(romeo, 1)
    await scene.reconfigure(offline, { store_groupchat_messages: true })
    await scene.kernel.modules.stop(scene.host, offline.key)
    const balcony = await arrive(scene)
    await balcony.send(Presence({ type: 'unavailable' }))
    await talk(romeo, 1)
    assert.deepEqual(romeo.take().map(errorCondition), ['service-unavailable'])
    await scene.kernel.modules.start(scene.host, offline.key)
    assert.deepEqual(bodies(balcony), [])
    await balcony.send(available())
    assert.deepEqual(bodies(balcony), ['1'])
  })

  it('stops between pages; the rest stays', async (t) => {
    const storage = heldDatabase()
    const { scene, romeo } = await verona(t, { storage, limit: 'infinity' })
    const words = await talk(romeo, 60)
    const release = storage.hold()
    const balcony = await arrive(scene)
    const stopped = scene.kernel.modules.stop(scene.host, offline.key)
    release()
    await stopped
    await settle()
    assert.deepEqual(bodies(balcony), words.slice(0, 50))
    assert.equal(await kept(scene), 10)
  })

  it('removes the mailbox with the account', async (t) => {
    const { scene, romeo } = await verona(t)
    await talk(romeo, 2)
    await scene.host.commit(...(await scene.host.hooks.fold(accountRemoved, [], parseJid(JULIET))))
    assert.equal(await kept(scene), 0)
  })
})
