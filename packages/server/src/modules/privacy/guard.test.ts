import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, Message, Presence, VersionQuery, errorCondition, parseJid } from '@meerkat/protocol'
import { parseElement } from '@meerkat/xml'
import { DROP, userSend } from '../../core/module.ts'
import { type Story, settle } from '../../testing/story.ts'
import carboncopy from '../carboncopy.ts'
import offline from '../offline/index.ts'
import { ask, befriend, chat, court, jid, seen, setDefault } from './court.fixture.ts'
import privacy from './index.ts'

const ROMEO = 'romeo@example.com'
const TYBALT = 'tybalt@example.com'
const deny = (kinds = '', who = `type='jid' value='${TYBALT}'`) =>
  `<item ${who} action='deny' order='3'>${kinds}</item>`
const probe = (to: string) => Iq({ type: 'get', id: 'probing1', to }, VersionQuery())

type Test = Parameters<typeof court>[0]

async function verona(t: Test, items: string): Promise<Story> {
  const users = ['romeo', 'tybalt', 'juliet']
  const scene = await court(t, { users, available: users })
  await befriend(scene, 'romeo', 'tybalt')
  await befriend(scene, 'romeo', 'juliet')
  await setDefault(scene.device('romeo'), items)
  for (const name of users) scene.device(name).take()
  return scene
}

/** What comes of each kind of stanza between Tybalt, who sends it first, and Romeo. */
async function exchange(scene: Story): Promise<Record<string, readonly [romeo: string[], tybalt: string[]]>> {
  const [romeo, tybalt] = [scene.device('romeo'), scene.device('tybalt')]
  const got: Record<string, readonly [string[], string[]]> = {}
  const send = async (name: string, from: typeof romeo, stanza: Parameters<typeof romeo.send>[0]) => {
    await from.send(stanza)
    got[name] = [seen(romeo), seen(tybalt)]
  }
  await send('message', tybalt, chat(ROMEO))
  await send('iq', tybalt, probe(`${ROMEO}/1`))
  await send('presence in', tybalt, Presence())
  await send('presence out', romeo, Presence())
  await send('message out', romeo, chat(TYBALT))
  return got
}

const own = (name: string) => `presence ${name}@example.com/1`
const error = (stanza: string, from: string) => `${stanza} error ${from}`

describe('XEP-0016 §2.9 to §2.13: what an item stops', () => {
  const open = {
    message: [[`message chat ${TYBALT}/1`], []],
    iq: [[`iq get ${TYBALT}/1`], []],
    'presence in': [[own('tybalt')], [own('tybalt')]],
    'presence out': [[own('romeo')], [own('romeo')]],
    'message out': [[], [`message chat ${ROMEO}/1`]],
  }
  const cases: [string, string, Record<string, readonly [string[], string[]]>][] = [
    ['§2.9: messages', '<message/>', { message: [[], [error('message', ROMEO)]] }],
    ['§2.10: presence that comes in', '<presence-in/>', { 'presence in': [[], [own('tybalt')]] }],
    ['§2.11: presence that goes out', '<presence-out/>', { 'presence out': [[own('romeo')], []] }],
    ['§2.12: requests', '<iq/>', { iq: [[], [error('iq', `${ROMEO}/1`)]] }],
    [
      '§2.13: everything',
      '',
      {
        message: [[], [error('message', ROMEO)]],
        iq: [[], [error('iq', `${ROMEO}/1`)]],
        'presence in': [[], [own('tybalt')]],
        'presence out': [[own('romeo')], []],
        'message out': [[error('message', TYBALT)], []],
      },
    ],
  ]
  for (const [title, kinds, differs] of cases)
    it(title, async (t) => {
      assert.deepEqual(await exchange(await verona(t, deny(kinds))), { ...open, ...differs })
    })

  it('nothing of anybody else', async (t) => {
    const scene = await verona(t, deny())
    await scene.device('juliet').send(chat(ROMEO))
    await scene.device('romeo').send(chat('juliet@example.com'))
    assert.deepEqual(seen(scene.device('romeo')), ['message chat juliet@example.com/1'])
    assert.deepEqual(seen(scene.device('juliet')), ['message chat romeo@example.com/1'])
  })

  it('§2.15: everybody who is not in the roster', async (t) => {
    const scene = await verona(t, deny('', `type='subscription' value='none'`))
    const paris = scene.connect('paris')
    await paris.send(chat(ROMEO))
    await scene.device('tybalt').send(chat(ROMEO))
    assert.deepEqual(seen(paris), [error('message', ROMEO)])
    assert.deepEqual(seen(scene.device('romeo')), [`message chat ${TYBALT}/1`])
  })

  it('§2.2 rule 9: a group, as the roster has it now', async (t) => {
    const scene = await verona(t, deny('', `type='subscription' value='to'`))
    const romeo = scene.device('romeo')
    const put = (groups: string) =>
      romeo.request(
        Iq(
          { type: 'set' },
          parseElement(`<query xmlns='jabber:iq:roster'><item jid='${TYBALT}'>${groups}</item></query>`),
        ),
      )
    await put('<group>Enemies</group>')
    await romeo.request(ask('set', `<list name='public'>${deny('', `type='group' value='Enemies'`)}</list>`))
    romeo.take()
    await scene.device('tybalt').send(chat(ROMEO))
    assert.deepEqual(seen(scene.device('tybalt')).slice(-1), [error('message', ROMEO)])
    await put('')
    await scene.device('tybalt').send(chat(ROMEO))
    assert.deepEqual(seen(romeo), [`message chat ${TYBALT}/1`])
  })
})

describe('XEP-0016 §2.14: what the other side learns', () => {
  it('service-unavailable for messages and requests, to the account as well', async (t) => {
    const scene = await verona(t, deny())
    const tybalt = scene.device('tybalt')
    for (const stanza of [chat(ROMEO), chat(`${ROMEO}/1`), probe(ROMEO), probe(`${ROMEO}/1`), probe(`${ROMEO}/none`)]) {
      await tybalt.send(stanza)
      assert.deepEqual(tybalt.take().map(errorCondition), ['service-unavailable'])
    }
  })

  it('nothing for presence, requests and probes included, and for answers', async (t) => {
    const scene = await verona(t, deny())
    const tybalt = scene.device('tybalt')
    for (const type of [
      undefined,
      'unavailable',
      'probe',
      'subscribe',
      'unsubscribe',
      'subscribed',
      'unsubscribed',
      'error',
    ]) {
      await tybalt.send(Presence({ to: ROMEO, type }))
      assert.deepEqual([seen(tybalt), seen(scene.device('romeo'))], [[], []], type)
    }
    for (const type of ['result', 'error']) await tybalt.send(Iq({ type, id: 'x', to: `${ROMEO}/1` }))
    await tybalt.send(Message({ type: 'error', to: ROMEO }))
    assert.deepEqual([seen(tybalt), seen(scene.device('romeo'))], [[], []])
  })

  it('not-acceptable for what the user sends', async (t) => {
    const scene = await verona(t, deny())
    const romeo = scene.device('romeo')
    for (const stanza of [
      chat(TYBALT),
      probe(TYBALT),
      Presence({ to: TYBALT }),
      Presence({ to: TYBALT, type: 'subscribe' }),
    ]) {
      await romeo.send(stanza)
      assert.deepEqual(romeo.take().map(errorCondition), ['not-acceptable'], stanza.name)
    }
    assert.deepEqual(seen(scene.device('tybalt')), [])
  })
})

describe('what a list never stops', () => {
  it("§2.1: the user's own resources, and the own server", async (t) => {
    const scene = await verona(t, `<item action='deny' order='1'/>`)
    const romeo = scene.device('romeo')
    const home = scene.connect('romeo/home')
    await home.send(Presence())
    await home.send(chat(`${ROMEO}/1`))
    assert.deepEqual(seen(romeo), ['presence romeo@example.com/home', 'message chat romeo@example.com/home'])
    await scene.host.send(Message({ type: 'headline' }), parseJid('example.com'), jid('romeo'))
    await settle()
    assert.deepEqual(seen(romeo), ['message headline example.com'])
    assert.equal((await romeo.request(ask('get', ''))).attr('type'), 'result')
  })

  it('another host, whose users have lists of their own', async (t) => {
    const scene = await verona(t, `<item type='jid' value='example.com' action='deny' order='1'/>`)
    await scene.host.send(chat(ROMEO), parseJid('tybalt@example.org/x'), jid('romeo'))
    assert.deepEqual(seen(scene.device('romeo')), ['message chat tybalt@example.org/x'])
  })
})

describe('XEP-0016 §2.2 rules 1 to 3: lists of sessions', () => {
  async function two(t: Test, modules: Parameters<typeof court>[1] = {}) {
    const users = ['romeo/orchard', 'romeo/home', 'tybalt']
    const scene = await court(t, { users, available: users, ...modules })
    const [orchard, home, tybalt] = users.map((name) => scene.device(name))
    await orchard!.request(ask('set', `<list name='hidden'>${deny()}</list>`))
    await orchard!.request(ask('set', `<list name='open'><item action='allow' order='1'/></list>`))
    orchard!.take()
    home!.take()
    return { scene, orchard: orchard!, home: home!, tybalt: tybalt! }
  }

  it('an active list stands for the default one, for its session only', async (t) => {
    const { orchard, home, tybalt } = await two(t)
    await orchard.request(ask('set', `<active name='hidden'/>`))
    await tybalt.send(chat(ROMEO))
    await tybalt.send(chat(`${ROMEO}/orchard`))
    await tybalt.send(Message({ to: ROMEO, type: 'headline' }))
    await tybalt.send(Presence({ to: ROMEO }))
    assert.deepEqual(seen(orchard), [])
    assert.deepEqual(seen(home), [`message chat ${TYBALT}/1`, `message headline ${TYBALT}/1`, `presence ${TYBALT}/1`])
    assert.deepEqual(seen(tybalt), [`message error ${ROMEO}/orchard`])
  })

  it('and the other way round', async (t) => {
    const { orchard, home, tybalt } = await two(t)
    await home.request(ask('set', `<active name='open'/>`))
    await orchard.request(ask('set', `<default name='hidden'/>`))
    await tybalt.send(chat(ROMEO))
    assert.deepEqual([seen(orchard), seen(home), seen(tybalt)], [[], [`message chat ${TYBALT}/1`], []])
  })

  it('when no session is to get it, nobody gets it', async (t) => {
    const { orchard, home, tybalt } = await two(t)
    await orchard.request(ask('set', `<default name='hidden'/>`))
    await home.request(ask('set', `<active name='hidden'/>`))
    await tybalt.send(chat(ROMEO))
    assert.deepEqual([seen(orchard), seen(home), seen(tybalt)], [[], [], [`message error ${ROMEO}`]])
  })

  it('a subscription request reaches only the sessions that want it', async (t) => {
    const { orchard, home, tybalt } = await two(t)
    await orchard.request(ask('set', `<active name='hidden'/>`))
    await tybalt.send(Presence({ to: ROMEO, type: 'subscribe' }))
    assert.deepEqual([seen(orchard), seen(home)], [[], [`presence subscribe ${TYBALT}`]])
  })

  it('S68: no carbon of it reaches the session that does not want it', async (t) => {
    const { orchard, home, tybalt } = await two(t, { modules: [[privacy], [carboncopy]] })
    await orchard.request(Iq({ type: 'set' }, parseElement(`<enable xmlns='urn:xmpp:carbons:2'/>`)))
    await orchard.request(ask('set', `<active name='hidden'/>`))
    await tybalt.send(chat(`${ROMEO}/home`))
    assert.deepEqual([seen(orchard), seen(home)], [[], [`message chat ${TYBALT}/1`]])
    await orchard.request(ask('set', '<active/>'))
    await tybalt.send(chat(`${ROMEO}/home`))
    assert.equal(seen(orchard).length, 1)
  })

  it('the default list speaks for a user who is away', async (t) => {
    const { orchard, home, tybalt } = await two(t, { modules: [[privacy], [offline]] })
    await home.disconnect()
    await orchard.request(ask('set', `<default name='hidden'/>`))
    await orchard.disconnect()
    seen(tybalt)
    await tybalt.send(chat(ROMEO))
    assert.deepEqual(tybalt.take().map(errorCondition), ['service-unavailable'])
  })
})

describe('XEP-0016 §2.11 and §2.12: who sees a session', () => {
  it('whoever is denied it sees it leave, and sees it again when allowed', async (t) => {
    const scene = await verona(t, `<item action='allow' order='1'/>`)
    const [romeo, tybalt, juliet] = ['romeo', 'tybalt', 'juliet'].map((name) => scene.device(name))
    await romeo!.request(ask('set', `<list name='public'>${deny('<presence-out/>')}</list>`))
    assert.deepEqual(seen(tybalt!), [`presence unavailable ${ROMEO}/1`])
    await romeo!.send(Presence())
    await romeo!.request(ask('set', `<list name='public'>${deny('<iq/>')}</list>`))
    assert.deepEqual(seen(tybalt!), [`presence ${ROMEO}/1`])
    assert.deepEqual(seen(juliet!), [`presence ${ROMEO}/1`])
  })

  it('XEP-0126: a session makes itself invisible with an active list', async (t) => {
    const scene = await verona(t, `<item action='allow' order='1'/>`)
    const [romeo, tybalt] = [scene.device('romeo'), scene.device('tybalt')]
    await romeo.request(
      ask('set', `<list name='invisible'><item action='deny' order='1'><presence-out/></item></list>`),
    )
    await romeo.request(ask('set', `<active name='invisible'/>`))
    assert.deepEqual(seen(tybalt), [`presence unavailable ${ROMEO}/1`])
    await tybalt.send(Presence({ to: ROMEO, type: 'probe' }))
    await romeo.send(Presence({ type: 'unavailable' }))
    assert.deepEqual(seen(tybalt), [])
  })

  it('S68: a denied contact that connects does not see the user, nor that the user leaves', async (t) => {
    const scene = await verona(t, deny())
    const again = scene.connect('tybalt/again')
    await again.send(Presence())
    await scene.device('romeo').disconnect()
    assert.deepEqual(
      seen(again).filter((line) => line.includes('romeo')),
      [],
    )
  })
})

it('filters that stand before nothing of it see no stanza that is stopped', async (t) => {
  const scene = await verona(t, deny())
  let passed = 0
  scene.host.hooks.add(
    'test',
    userSend.on(() => (passed++, DROP)),
  )
  await scene.device('romeo').send(chat(TYBALT))
  assert.equal(passed, 0)
})
