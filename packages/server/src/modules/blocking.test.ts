import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Blocked,
  Body,
  ErrorTag,
  Iq,
  type Jid,
  Message,
  Presence,
  errorCondition,
  parseJid,
  payload,
} from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import { accountRemoved, isUnwanted } from '../core/module.ts'
import { type Device, type Story, settle } from '../testing/story.ts'
import blocking from './blocking.ts'
import carboncopy from './carboncopy.ts'
import mam from './mam/index.ts'
import { OWN } from './mam/stage.fixture.ts'
import offline from './offline/index.ts'
import { ask, befriend, chat, court, jid, seen } from './privacy/court.fixture.ts'
import privacy from './privacy/index.ts'

const ROMEO = 'romeo@example.com'
const JULIET = 'juliet@example.com'

type Test = Parameters<typeof court>[0]
type Options = NonNullable<Parameters<typeof court>[1]>

const items = (...jids: string[]) => jids.map((each) => `<item jid='${each}'/>`).join('')
const command = (name: string, ...jids: string[]) =>
  parseElement(`<${name} xmlns='urn:xmpp:blocking'>${items(...jids)}</${name}>`)
const set = async (device: Device, name: string, ...jids: string[]): Promise<string> => {
  const answer = await device.request(Iq({ type: 'set' }, command(name, ...jids)))
  return errorCondition(answer) ?? answer.attr('type')!
}
const listed = async (device: Device) => payload(await device.request(Iq({ type: 'get' }, command('blocklist'))))

/** Juliet with two devices and Romeo, who see each other. */
async function verona(t: Test, { modules = [], ...options }: Options = {}): Promise<Story> {
  const users = ['juliet/chamber', 'juliet/balcony', 'romeo/orchard']
  const scene = await court(t, { users, available: users, modules: [[privacy], [blocking], ...modules], ...options })
  await befriend(scene, 'juliet', 'romeo')
  for (const user of users) scene.device(user).take()
  return scene
}

describe('XEP-0191 §3.1 to §3.5: the commands', () => {
  it('§3.1: is a feature of the server', async (t) => {
    assert.ok((await verona(t)).host.serverFeatures.list().includes('urn:xmpp:blocking'))
  })

  it('§3.2: an empty list, and one with items', async (t) => {
    const chamber = (await verona(t)).device('juliet/chamber')
    assert.deepEqual(await listed(chamber), command('blocklist'))
    await set(chamber, 'block', 'romeo@montague.net', 'iago@shakespeare.lit')
    assert.deepEqual(await listed(chamber), command('blocklist', 'romeo@montague.net', 'iago@shakespeare.lit'))
  })

  for (const [name, jids] of [
    ['block', ['romeo@montague.net']],
    ['unblock', ['romeo@montague.net']],
    ['unblock', []],
  ] as const)
    it(`§3.3 to §3.5: pushes <${name}/> with ${jids.length} items to all resources`, async (t) => {
      const scene = await verona(t)
      assert.equal(await set(scene.device('juliet/chamber'), name, ...jids), 'result')
      for (const where of ['juliet/chamber', 'juliet/balcony']) {
        const pushed = scene.device(where).take()
        assert.deepEqual(
          pushed.map((push) => [push.attr('type'), push.attr('to'), serialize(payload(push)!)]),
          [['set', scene.device(where).jid.toString(), serialize(command(name, ...jids))]],
        )
      }
    })

  it('§3.3: bad-request without items, jid-malformed for a JID that is none', async (t) => {
    const chamber = (await verona(t)).device('juliet/chamber')
    assert.equal(await set(chamber, 'block'), 'bad-request')
    assert.equal(await set(chamber, 'block', 'romeo@'), 'jid-malformed')
    assert.deepEqual(await listed(chamber), command('blocklist'))
    assert.deepEqual(chamber.take(), [])
  })

  it('§3.4 and §3.5: some of them, and all', async (t) => {
    const chamber = (await verona(t)).device('juliet/chamber')
    await set(chamber, 'block', 'a@b.lit', 'c@d.lit', 'e@f.lit')
    await set(chamber, 'block', 'c@d.lit')
    await set(chamber, 'unblock', 'c@d.lit', 'nobody@b.lit')
    assert.deepEqual(await listed(chamber), command('blocklist', 'a@b.lit', 'e@f.lit'))
    await set(chamber, 'unblock')
    assert.deepEqual(await listed(chamber), command('blocklist'))
  })

  it("refuses to touch anybody else's list", async (t) => {
    const scene = await verona(t)
    for (const [type, name] of [
      ['get', 'blocklist'],
      ['set', 'block'],
      ['set', 'unblock'],
    ] as const) {
      const theirs = Iq({ type, to: JULIET }, command(name, 'a@b.lit'))
      assert.equal(errorCondition(await scene.device('romeo/orchard').request(theirs)), 'forbidden')
    }
  })

  it('has room for max_items, and goes with the account', async (t) => {
    const scene = await court(t, { users: ['juliet'], modules: [[privacy, { max_items: 2 }], [blocking]] })
    const juliet = scene.device('juliet')
    assert.equal(await set(juliet, 'block', 'a@b.lit', 'c@d.lit', 'e@f.lit'), 'resource-constraint')
    assert.equal(await set(juliet, 'block', 'a@b.lit', 'c@d.lit'), 'result')
    await scene.host.accounts.remove(jid('juliet'), await scene.host.hooks.fold(accountRemoved, [], jid('juliet')))
    assert.deepEqual(await listed(scene.connect('juliet')), command('blocklist'))
  })
})

describe('XEP-0191 §3.3: a blocked contact', () => {
  it('sees the user leave, and come back when unblocked', async (t) => {
    const scene = await verona(t)
    const [chamber, orchard] = [scene.device('juliet/chamber'), scene.device('romeo/orchard')]
    await set(chamber, 'block', ROMEO)
    assert.deepEqual(seen(orchard), [
      `presence unavailable ${JULIET}/chamber`,
      `presence unavailable ${JULIET}/balcony`,
    ])
    await chamber.send(Presence())
    await orchard.send(Presence({ to: JULIET, type: 'probe' }))
    assert.deepEqual(seen(orchard), [])
    await set(chamber, 'unblock', ROMEO)
    assert.deepEqual(seen(orchard), [`presence ${JULIET}/chamber`, `presence ${JULIET}/balcony`])
  })

  it('who may not see the presence learns nothing', async (t) => {
    const scene = await verona(t)
    const paris = scene.connect('paris')
    await paris.send(Presence())
    paris.take()
    await set(scene.device('juliet/chamber'), 'block', 'paris@example.com')
    await set(scene.device('juliet/chamber'), 'unblock')
    assert.deepEqual(seen(paris), [])
  })

  it('the user gets not-acceptable with <blocked/>', async (t) => {
    const scene = await verona(t)
    const chamber = scene.device('juliet/chamber')
    await set(chamber, 'block', ROMEO)
    chamber.take()
    await chamber.send(chat(ROMEO))
    const [answer, ...more] = chamber.take()
    assert.equal(more.length, 0)
    const expected = `<error xmlns='jabber:client' type='cancel'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><blocked xmlns='urn:xmpp:blocking:errors'/></error>`
    assert.deepEqual(ErrorTag.in(answer!), parseElement(expected))
    assert.deepEqual([answer!.attr('from'), Blocked.ns], [ROMEO, 'urn:xmpp:blocking:errors'])
    assert.deepEqual(
      seen(scene.device('romeo/orchard')).filter((line) => line.startsWith('message')),
      [],
    )
  })

  it('gets through again when unblocked', async (t) => {
    const scene = await verona(t)
    const [chamber, orchard] = [scene.device('juliet/chamber'), scene.device('romeo/orchard')]
    await set(chamber, 'block', ROMEO)
    await set(chamber, 'unblock')
    chamber.take()
    await orchard.send(chat(`${JULIET}/chamber`))
    await chamber.send(chat(`${ROMEO}/orchard`))
    assert.deepEqual(seen(chamber), [`message chat ${ROMEO}/orchard`])
    assert.equal(seen(orchard).at(-1), `message chat ${JULIET}/chamber`)
  })
})

describe('XEP-0191 §5: the block list and privacy lists', () => {
  it('are one: a list called "blocking" becomes the default list', async (t) => {
    const chamber = (await verona(t)).device('juliet/chamber')
    await set(chamber, 'block', ROMEO)
    const names = payload(await chamber.request(ask('get', '')))!
    assert.equal(
      serialize(names),
      serialize(ask('get', `<default name='blocking'/><list name='blocking'/>`).elements()[0]!),
    )
    const list = payload(await chamber.request(ask('get', `<list name='blocking'/>`)))!
    const item = `<list name='blocking'><item type='jid' value='${ROMEO}' action='deny' order='0'/></list>`
    assert.equal(serialize(list), serialize(ask('get', item).elements()[0]!))
  })

  it('blocks come first in a default list that is there already, whose other items stay', async (t) => {
    const scene = await verona(t)
    const chamber = scene.device('juliet/chamber')
    await scene.device('juliet/balcony').disconnect()
    const romeo = `<item type='jid' value='${ROMEO}' action='allow' order='0'/>`
    const paris = `<item type='jid' value='paris@example.com' action='deny' order='7'><message/></item>`
    await chamber.request(ask('set', `<list name='public'>${romeo}${paris}</list>`))
    await chamber.request(ask('set', `<default name='public'/>`))
    await set(chamber, 'block', ROMEO, 'iago@shakespeare.lit')
    assert.deepEqual(await listed(chamber), command('blocklist', ROMEO, 'iago@shakespeare.lit'))
    chamber.take()
    await scene.device('romeo/orchard').send(chat(JULIET))
    assert.deepEqual(seen(chamber), [])
    await set(chamber, 'unblock')
    const left = payload(await chamber.request(ask('get', `<list name='public'/>`)))!
    const expected = `<list name='public'>${romeo}${paris.replace("'7'", "'1'")}</list>`
    assert.equal(serialize(left), serialize(ask('get', expected).elements()[0]!))
  })

  it('what a privacy list denies altogether is in the block list', async (t) => {
    const chamber = (await verona(t)).device('juliet/chamber')
    const item = (value: string, order: number, kinds = '') =>
      `<item type='jid' value='${value}' action='deny' order='${order}'>${kinds}</item>`
    await chamber.request(ask('set', `<list name='a'>${item('a@b.lit', 1)}${item('c@d.lit', 2, '<iq/>')}</list>`))
    await chamber.request(ask('set', `<default name='a'/>`))
    assert.deepEqual(await listed(chamber), command('blocklist', 'a@b.lit'))
  })
})

describe('S68: a blocked user who tries another way', () => {
  /** Juliet has blocked whoever `who` is. */
  async function blocked(t: Test, options: Options = {}, who = ROMEO): Promise<Story> {
    const scene = await verona(t, options)
    await set(scene.device('juliet/chamber'), 'block', who)
    for (const name of ['juliet/chamber', 'juliet/balcony', 'romeo/orchard']) scene.device(name).take()
    return scene
  }
  const juliets = (scene: Story) => [...seen(scene.device('juliet/chamber')), ...seen(scene.device('juliet/balcony'))]

  it('S68: messages of all types, to the account and to each device, with nothing that tells of a block', async (t) => {
    const scene = await blocked(t)
    const orchard = scene.device('romeo/orchard')
    for (const to of [JULIET, `${JULIET}/chamber`, `${JULIET}/gone`])
      for (const type of ['chat', 'normal', 'headline', undefined]) {
        await orchard.send(Message({ to, type, id: 'm' }, Body({}, 'Hark!')))
        const [answer] = orchard.take()
        assert.equal(serialize(ErrorTag.in(answer!)!).includes('blocked'), false)
        assert.equal(errorCondition(answer!), 'service-unavailable')
      }
    assert.deepEqual(juliets(scene), [])
  })

  it('S68: probes, requests, subscription requests, and a second device', async (t) => {
    const scene = await blocked(t)
    const other = scene.connect('romeo/street')
    await other.send(Presence())
    for (const type of ['probe', 'subscribe', 'unsubscribed']) await other.send(Presence({ type, to: JULIET }))
    await other.send(
      Iq({ type: 'get', id: 'q', to: `${JULIET}/chamber` }, parseElement(`<query xmlns='jabber:iq:version'/>`)),
    )
    assert.deepEqual(juliets(scene), [])
    assert.deepEqual(
      seen(other).filter((line) => line.includes('juliet')),
      [`iq error ${JULIET}/chamber`],
    )
  })

  it('S68: an older request is not shown to a device that comes', async (t) => {
    const scene = await verona(t)
    const paris = scene.connect('paris')
    await paris.send(Presence({ type: 'subscribe', to: JULIET }))
    await set(scene.device('juliet/chamber'), 'block', 'paris@example.com')
    const phone = scene.connect('juliet/phone')
    await phone.send(Presence())
    assert.deepEqual(
      seen(phone).filter((line) => line.includes('paris')),
      [],
    )
  })

  it('S68: carbons', async (t) => {
    const scene = await blocked(t, { modules: [[carboncopy]] })
    for (const name of ['juliet/chamber', 'juliet/balcony'])
      await scene.device(name).request(Iq({ type: 'set' }, parseElement(`<enable xmlns='urn:xmpp:carbons:2'/>`)))
    await scene.device('romeo/orchard').send(chat(`${JULIET}/chamber`))
    assert.deepEqual(juliets(scene), [])
  })

  it('S68: the archives of both', async (t) => {
    const scene = await blocked(t, { modules: [[mam, { pm: {} }]], access: OWN })
    await scene.device('romeo/orchard').send(chat(JULIET, 'Hark!'))
    await scene.device('juliet/chamber').send(chat(ROMEO, 'No.'))
    const rows = await scene.host.storage.query('SELECT * FROM mam_message')
    assert.deepEqual(rows, [])
    await set(scene.device('juliet/chamber'), 'unblock')
    await scene.device('romeo/orchard').send(chat(JULIET, 'Hark!'))
    assert.notDeepEqual(await scene.host.storage.query('SELECT * FROM mam_message'), [])
  })

  it('S68: the mailbox of a user who is away, also with what was there before', async (t) => {
    const scene = await verona(t, { modules: [[offline]] })
    const [chamber, balcony, orchard] = ['juliet/chamber', 'juliet/balcony', 'romeo/orchard'].map((name) =>
      scene.device(name),
    )
    await balcony!.send(Presence({ type: 'unavailable' }))
    await chamber!.send(Presence({ type: 'unavailable' }))
    await orchard!.send(chat(JULIET, 'before'))
    await scene.connect('paris').send(chat(JULIET, 'before'))
    await set(chamber!, 'block', ROMEO)
    orchard!.take()
    await orchard!.send(chat(JULIET, 'after'))
    assert.deepEqual(orchard!.take().map(errorCondition), ['service-unavailable'])
    chamber!.take()
    await chamber!.send(Presence())
    assert.deepEqual(
      seen(chamber!).filter((line) => line.startsWith('message')),
      ['message chat paris@example.com/1'],
    )
  })

  for (const who of ['rooms.example.com/romeo', 'capulet@rooms.example.com/romeo'])
    it(`S68: a room, when the occupant is blocked as ${who}; the room is not told`, async (t) => {
      const scene = await blocked(t, {}, who)
      const bounced: string[] = []
      scene.kernel.hosts.addService('rooms.example.com', ({ stanza }) => void bounced.push(stanza.name))
      const say = async (occupant: string, type: string) => {
        const from: Jid = parseJid(`capulet@rooms.example.com/${occupant}`)
        await scene.host.send(Message({ type }, Body({}, 'Hark!')), from, parseJid(`${JULIET}/chamber`))
        await settle()
      }
      await say('romeo', 'groupchat')
      assert.deepEqual([bounced, juliets(scene)], [[], []])
      await say('romeo', 'chat')
      assert.deepEqual([bounced, juliets(scene)], [['message'], []])
      await say('nurse', 'groupchat')
      assert.deepEqual(juliets(scene), ['message groupchat capulet@rooms.example.com/nurse'])
    })

  it('S68: others that ask whether somebody is welcome', async (t) => {
    const scene = await blocked(t)
    const unwanted = (who: string) => scene.host.hooks.first(isUnwanted, jid('juliet'), parseJid(who), 'message')
    assert.deepEqual([await unwanted(`${ROMEO}/x`), await unwanted('paris@example.com')], [true, false])
  })

  it('S68: it holds over a restart of the module, and for a message of the API', async (t) => {
    const scene = await blocked(t)
    await scene.kernel.modules.stop(scene.host, 'mod_blocking')
    await scene.reconfigure(privacy)
    await scene.kernel.modules.start(scene.host, 'mod_blocking')
    const sent = scene.kernel.router.submit(chat(JULIET), jid('romeo'), jid('juliet'), 'api')
    await assert.rejects(sent, { condition: 'service-unavailable' })
    assert.deepEqual(juliets(scene), [])
  })
})
