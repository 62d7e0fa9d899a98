import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Iq,
  Presence,
  Priority,
  RosterQuery,
  Show,
  Status,
  buildRosterSet,
  errorCondition,
  makeJid,
} from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { type Subscription, accountRemoved, userSend } from '../../core/module.ts'
import { DOMAIN, type Device, type Story, settle, story } from '../../testing/story.ts'
import { rostersOf } from '../roster/api.ts'
import mod_roster from '../roster/index.ts'
import { presenceChanged, userAvailable, userUnavailable } from './hooks.ts'
import mod_presence from './index.ts'

type Test = Parameters<typeof story>[0]

const jid = (user: string) => makeJid(user, DOMAIN)
const available = (...children: Element[]) => Presence({}, ...children)
const unavailable = (...children: Element[]) => Presence({ type: 'unavailable' }, ...children)
const priority = (value: number | string) => available(Priority({}, String(value)))

/** What a device has received, in short: `type from`, `available` standing for no type. */
const seen = (device: Device) =>
  device
    .take()
    .map((stanza) => `${stanza.attr('type') ?? 'available'} ${stanza.attr('from')?.replace(`@${DOMAIN}`, '')}`)

/** What the hooks told. */
const told: string[] = []
const witness = {
  key: 'mod_witness',
  summary: 'Notes what the hooks of presence tell.',
  specs: [],
  start: () => ({
    hooks: [
      userAvailable.on(({ jid: { resource } }) => void told.push(`takes ${resource}`)),
      presenceChanged.on(({ jid: { resource } }, _, before) => {
        told.push(`${before === undefined ? 'online' : 'changed'} ${resource}`)
      }),
      userUnavailable.on(({ jid: { resource } }, stanza) => {
        told.push(`offline ${resource} ${text(Status.in(stanza))}`.trim())
      }),
    ],
  }),
}

async function verona(t: Test, users: string[], section: Record<string, unknown> = {}): Promise<Story> {
  told.length = 0
  return story(t, { modules: [[mod_roster], [mod_presence, section], [witness]], users })
}

/** Sets both sides of a subscription, seen from the first. */
async function friends(scene: Story, a: string, b: string, subscription: Subscription = 'both'): Promise<void> {
  const other = { none: 'none', to: 'from', from: 'to', both: 'both' } as const
  await rostersOf(scene.host)!.put(jid(a), jid(b), subscription)
  await rostersOf(scene.host)!.put(jid(b), jid(a), other[subscription])
}

describe('RFC 6121 §4.2: initial presence', () => {
  it('goes to the subscribers, and to the user’s own available resources', async (t) => {
    const scene = await verona(t, ['juliet/balcony', 'juliet/chamber', 'juliet/idle', 'romeo', 'nurse', 'tybalt'])
    const device = (name: string) => scene.device(name)
    await friends(scene, 'juliet', 'romeo')
    await friends(scene, 'juliet', 'nurse', 'from')
    await friends(scene, 'juliet', 'tybalt', 'to')
    for (const name of ['romeo', 'nurse', 'tybalt', 'juliet/chamber']) {
      await device(name).send(available())
      device(name).take()
    }
    for (const name of ['romeo', 'nurse', 'juliet/chamber']) device(name).take()

    await device('juliet/balcony').send(available(Show({}, 'away')))
    for (const name of ['romeo', 'nurse', 'juliet/chamber'])
      assert.deepEqual(seen(device(name)), ['available juliet/balcony'], name)
    assert.deepEqual(seen(device('tybalt')), [])
    assert.deepEqual(seen(device('juliet/idle')), [])
    // §4.2.2: itself, §4.3: its other resources and the contacts it is subscribed to
    assert.deepEqual(seen(device('juliet/balcony')), [
      'available juliet/balcony',
      'available juliet/chamber',
      'available romeo/1',
      'available tybalt/1',
    ])
  })

  it('is delivered whole, with the address of who gets it', async (t) => {
    const scene = await verona(t, ['juliet', 'romeo'])
    await friends(scene, 'juliet', 'romeo')
    await scene.device('romeo').send(available())
    scene.device('romeo').take()
    await scene.device('juliet').send(Presence({ id: 'p1' }, Show({}, 'dnd'), Status({}, 'Wooing Romeo')))
    const expected = Presence(
      { id: 'p1', from: 'juliet@example.com/1', to: 'romeo@example.com' },
      Show({}, 'dnd'),
      Status({}, 'Wooing Romeo'),
    )
    assert.deepEqual(scene.device('romeo').take(), [expected])
  })

  it('§4.4: later presence is broadcast, and probes nobody', async (t) => {
    const scene = await verona(t, ['juliet', 'romeo'])
    await friends(scene, 'juliet', 'romeo')
    await scene.device('romeo').send(available())
    await scene.device('juliet').send(available())
    for (const name of ['romeo', 'juliet']) scene.device(name).take()
    await scene.device('juliet').send(available(Show({}, 'xa')))
    assert.deepEqual(seen(scene.device('romeo')), ['available juliet/1'])
    assert.deepEqual(seen(scene.device('juliet')), ['available juliet/1'])
  })

  it('S57: contacts who are not connected cost nothing', async (t) => {
    const scene = await verona(t, ['juliet'])
    for (let i = 0; i < 50; i++) {
      scene.account(`friend${i}`)
      await friends(scene, 'juliet', `friend${i}`)
    }
    const { presencesRouted } = scene.host.counters
    await scene.device('juliet').send(available())
    assert.equal(scene.host.counters.presencesRouted - presencesRouted, 1)
  })

  it('works without a roster: one’s own resources see each other', async (t) => {
    const scene = await story(t, { modules: [[mod_presence]], users: ['juliet/a', 'juliet/b', 'romeo'] })
    await scene.device('juliet/a').send(available())
    await scene.device('romeo').send(available())
    await scene.device('juliet/b').send(available())
    await scene.device('romeo').send(Presence({ type: 'subscribe', to: jid('juliet') }))
    await scene.device('romeo').send(Presence({ type: 'probe', to: jid('juliet') }))
    assert.deepEqual(seen(scene.device('juliet/a')), ['available juliet/a', 'available juliet/b'])
    assert.deepEqual(seen(scene.device('juliet/b')), ['available juliet/b', 'available juliet/a'])
    assert.deepEqual(seen(scene.device('romeo')), ['available romeo/1'])
  })
})

describe('RFC 6121 §4.7: what a presence may say', () => {
  for (const wrong of ['128', '-129', '1.5', 'high', ''])
    it(`§4.7.2.3: the priority ${JSON.stringify(wrong)} is refused`, async (t) => {
      const scene = await verona(t, ['juliet'])
      const juliet = scene.device('juliet')
      await juliet.send(priority(wrong))
      assert.deepEqual(juliet.take().map(errorCondition), ['bad-request'])
      assert.equal(juliet.session.presence, undefined)
    })

  it('§4.7.2.3: the priority is what it says, 0 when it says nothing', async (t) => {
    const scene = await verona(t, ['juliet'])
    const juliet = scene.device('juliet')
    const priorities: (number | undefined)[] = []
    for (const presence of [priority(-128), priority(127), available(), unavailable()]) {
      await juliet.send(presence)
      priorities.push(juliet.session.priority)
      assert.equal(scene.host.directory.find(juliet.jid)!.priority, juliet.session.priority)
    }
    assert.deepEqual(priorities, [-128, 127, 0, undefined])
  })

  it('§4.7.1: an unknown type is refused', async (t) => {
    const scene = await verona(t, ['juliet', 'romeo'])
    await scene.device('juliet').send(Presence({ type: 'invisible' }))
    await scene.device('juliet').send(Presence({ type: 'invisible', to: jid('romeo') }))
    assert.deepEqual(scene.device('juliet').take().map(errorCondition), ['bad-request', 'bad-request'])
    assert.deepEqual(seen(scene.device('romeo')), [])
  })
})

describe('RFC 6121 §4.3: probes', () => {
  it('§4.3.2: a subscriber gets the presence of every resource, at the resource that asks', async (t) => {
    const scene = await verona(t, ['juliet/a', 'juliet/b', 'romeo/orchard', 'romeo/home'])
    await friends(scene, 'juliet', 'romeo', 'from')
    await scene.device('juliet/a').send(available(Status({}, 'a')))
    await scene.device('juliet/b').send(available(Status({}, 'b')))
    await scene.device('romeo/home').send(available())
    for (const name of ['romeo/home', 'juliet/a', 'juliet/b']) scene.device(name).take()
    await scene.device('romeo/orchard').send(available())
    assert.deepEqual(seen(scene.device('romeo/orchard')), [
      'available romeo/orchard',
      'available romeo/home',
      'available juliet/a',
      'available juliet/b',
    ])
    assert.deepEqual(seen(scene.device('romeo/home')), ['available romeo/orchard'])
    assert.deepEqual([seen(scene.device('juliet/a')), seen(scene.device('juliet/b'))], [[], []])
  })

  it('§4.3.2: one resource may be asked', async (t) => {
    const scene = await verona(t, ['juliet/a', 'juliet/b', 'romeo'])
    await friends(scene, 'juliet', 'romeo', 'from')
    for (const name of ['juliet/a', 'juliet/b']) await scene.device(name).send(available())
    await scene.device('romeo').send(Presence({ type: 'probe', to: 'juliet@example.com/b' }))
    assert.deepEqual(seen(scene.device('romeo')), ['available juliet/b'])
  })

  it('§4.3.2: nothing is available', async (t) => {
    const scene = await verona(t, ['juliet', 'romeo'])
    await friends(scene, 'juliet', 'romeo', 'from')
    await scene.device('romeo').send(Presence({ type: 'probe', to: jid('juliet') }))
    assert.deepEqual(seen(scene.device('romeo')), ['unavailable juliet'])
  })

  it('§4.3.2: who is not subscribed learns that, and his roster with him', async (t) => {
    const scene = await verona(t, ['juliet', 'romeo'])
    await rostersOf(scene.host)!.put(jid('romeo'), jid('juliet'), 'to')
    await scene.device('juliet').send(available())
    await scene.device('romeo').request(Iq({ type: 'get' }, RosterQuery()))
    await scene.device('romeo').send(available())
    assert.equal((await rostersOf(scene.host)!.contact(jid('romeo'), jid('juliet')))!.subscription, 'none')
    assert.deepEqual(seen(scene.device('romeo')), ['available romeo/1', 'unsubscribed juliet', 'set undefined'])
  })
})

describe('RFC 6121 §4.5: unavailable presence', () => {
  it('§4.5.2: goes to subscribers and own resources, with what it says', async (t) => {
    const scene = await verona(t, ['juliet/a', 'juliet/b', 'romeo'])
    await friends(scene, 'juliet', 'romeo')
    for (const name of ['juliet/a', 'juliet/b', 'romeo']) await scene.device(name).send(available())
    for (const name of ['juliet/a', 'juliet/b', 'romeo']) scene.device(name).take()
    await scene.device('juliet/a').send(unavailable(Status({}, 'Bed time')))
    const [gone, ...more] = scene.device('romeo').take()
    assert.deepEqual([gone!.attr('type'), text(Status.in(gone!)), more], ['unavailable', 'Bed time', []])
    assert.deepEqual(seen(scene.device('juliet/a')), ['unavailable juliet/a'])
    assert.deepEqual(seen(scene.device('juliet/b')), ['unavailable juliet/a'])
    assert.equal(scene.host.directory.find(scene.device('juliet/a').jid)!.presence, undefined)

    await scene.device('juliet/a').send(unavailable())
    assert.deepEqual(seen(scene.device('romeo')), [])
  })

  it('§4.5.3: the server says it for a session that is lost, once', async (t) => {
    const scene = await verona(t, ['juliet', 'nurse', 'romeo'])
    await friends(scene, 'juliet', 'romeo')
    for (const name of ['juliet', 'romeo']) await scene.device(name).send(available())
    scene.device('romeo').take()
    await scene.device('juliet').disconnect()
    assert.deepEqual(seen(scene.device('romeo')), ['unavailable juliet/1'])
    await scene.device('nurse').disconnect()
    assert.deepEqual(seen(scene.device('romeo')), [])
    assert.deepEqual(told.slice(-1), ['offline 1'])
  })

  it('a session that ends while its presence is on the way is not seen forever', async (t) => {
    let release = (): void => undefined
    const slow = {
      key: 'mod_slow',
      summary: 'Holds presence back until it is released.',
      specs: [],
      start: () => ({
        hooks: [
          userSend.on(async ({ stanza, from }) => {
            if (
              from.local === 'juliet' &&
              stanza.attr('to') === 'romeo@example.com' &&
              stanza.attr('type') === undefined
            )
              await new Promise<void>((resolve) => (release = resolve))
            return undefined
          }),
        ],
      }),
    }
    const scene = await story(t, { modules: [[mod_roster], [mod_presence], [slow]], users: ['juliet', 'romeo'] })
    await friends(scene, 'juliet', 'romeo', 'from')
    await scene.device('romeo').send(available())
    scene.device('romeo').take()
    const sending = scene.device('juliet').send(available())
    await settle()
    await scene.device('juliet').disconnect()
    release()
    await sending
    await settle()
    assert.deepEqual(seen(scene.device('romeo')), ['available juliet/1', 'unavailable juliet/1'])
  })
})

describe('RFC 6121 §4.6: directed presence', () => {
  const direct = (to: string, type?: string) => Presence({ to, type })

  it('§4.6.3: reaches a stranger, who is told when it ends', async (t) => {
    const scene = await verona(t, ['juliet', 'tybalt', 'mercutio'])
    const juliet = scene.device('juliet')
    await juliet.send(available())
    await juliet.send(direct('tybalt@example.com/1'))
    await juliet.send(direct('mercutio@example.com/1'))
    // a broadcast is not for those to whom presence was directed
    await juliet.send(available(Show({}, 'away')))
    await juliet.send(direct('mercutio@example.com/1', 'unavailable'))
    assert.deepEqual(seen(scene.device('tybalt')), ['available juliet/1'])
    assert.deepEqual(seen(scene.device('mercutio')), ['available juliet/1', 'unavailable juliet/1'])
    await juliet.send(unavailable())
    assert.deepEqual(seen(scene.device('tybalt')), ['unavailable juliet/1'])
    assert.deepEqual(seen(scene.device('mercutio')), [])
    await juliet.disconnect()
    assert.deepEqual(seen(scene.device('tybalt')), [])
  })

  it('§4.6.3: ends with the session, also of one that was never available', async (t) => {
    const scene = await verona(t, ['juliet', 'tybalt'])
    await scene.device('juliet').send(direct('tybalt@example.com/1'))
    await scene.device('juliet').disconnect()
    assert.deepEqual(seen(scene.device('tybalt')), ['available juliet/1', 'unavailable juliet/1'])
    assert.deepEqual(told, [])
  })

  it('§4.6.3: a subscriber is told once', async (t) => {
    const scene = await verona(t, ['juliet', 'romeo'])
    await friends(scene, 'juliet', 'romeo', 'from')
    for (const name of ['romeo', 'juliet']) await scene.device(name).send(available())
    await scene.device('juliet').send(direct('romeo@example.com/1'))
    scene.device('romeo').take()
    await scene.device('juliet').disconnect()
    assert.deepEqual(seen(scene.device('romeo')), ['unavailable juliet/1'])
  })

  it('survives a restart of the module', async (t) => {
    const scene = await verona(t, ['juliet', 'tybalt'])
    await scene.device('juliet').send(available())
    await scene.device('juliet').send(direct('tybalt@example.com/1'))
    await scene.reconfigure(mod_presence)
    await scene.device('juliet').disconnect()
    assert.deepEqual(seen(scene.device('tybalt')), ['available juliet/1', 'unavailable juliet/1'])
  })

  it('has a limit', async (t) => {
    const scene = await verona(t, ['juliet', 'tybalt', 'mercutio'], { max_directed: 1 })
    const juliet = scene.device('juliet')
    await juliet.send(direct('tybalt@example.com/1'))
    await juliet.send(direct('mercutio@example.com/1'))
    await juliet.send(direct('tybalt@example.com/1'))
    assert.deepEqual(juliet.take().map(errorCondition), ['resource-constraint'])
    assert.deepEqual([seen(scene.device('tybalt')).length, seen(scene.device('mercutio')).length], [2, 0])
  })
})

describe('RFC 6121 §8.5: presence to an account and to a resource', () => {
  it('§8.5.2.1.2: the bare JID stands for all available resources', async (t) => {
    const scene = await verona(t, ['juliet', 'romeo/a', 'romeo/b', 'romeo/c'])
    await scene.device('romeo/a').send(priority(-1))
    await scene.device('romeo/b').send(available())
    for (const name of ['romeo/a', 'romeo/b']) scene.device(name).take()
    await scene.device('juliet').send(Presence({ to: jid('romeo') }))
    assert.deepEqual(
      ['romeo/a', 'romeo/b', 'romeo/c'].map((name) => seen(scene.device(name))),
      [['available juliet/1'], ['available juliet/1'], []],
    )
  })

  it('§8.5.3: a full JID stands for that resource, available or not', async (t) => {
    const scene = await verona(t, ['juliet', 'romeo/a', 'romeo/b'])
    for (const type of [undefined, 'unavailable', 'error'])
      await scene.device('juliet').send(Presence({ to: 'romeo@example.com/a', type }))
    await scene.device('juliet').send(Presence({ to: 'romeo@example.com/gone' }))
    assert.deepEqual(seen(scene.device('romeo/a')), ['available juliet/1', 'unavailable juliet/1', 'error juliet/1'])
    assert.deepEqual([seen(scene.device('romeo/b')), seen(scene.device('juliet'))], [[], []])
  })
})

describe('RFC 6121 §3: subscriptions and presence together', () => {
  const ask = (to: string, type: string) => Presence({ to: jid(to), type })

  it('§3.1: from strangers to contacts who see each other', async (t) => {
    const scene = await verona(t, ['romeo/orchard', 'juliet/balcony', 'juliet/chamber'])
    const [romeo, balcony, chamber] = ['romeo/orchard', 'juliet/balcony', 'juliet/chamber'].map((name) =>
      scene.device(name),
    ) as [Device, Device, Device]
    for (const device of [romeo, balcony, chamber]) await device.send(available())
    for (const device of [romeo, balcony, chamber]) device.take()
    await romeo.send(ask('juliet', 'subscribe'))
    assert.deepEqual([seen(balcony), seen(chamber)], [['subscribe romeo'], ['subscribe romeo']])
    await romeo.request(Iq({ type: 'get' }, RosterQuery()))
    await balcony.send(ask('romeo', 'subscribed'))
    // §3.1.5: the presence of all resources follows the approval; §3.1.6: the stanza, then the push
    assert.deepEqual(seen(romeo), [
      'subscribed juliet',
      'set undefined',
      'available juliet/balcony',
      'available juliet/chamber',
    ])
  })

  it('§3.1.3: a request waits for the next initial presence, until it is answered', async (t) => {
    const scene = await verona(t, ['romeo', 'juliet/a', 'juliet/b'])
    await scene.device('romeo').send(ask('juliet', 'subscribe').append(Status({}, 'It is the east!')))
    for (const name of ['juliet/a', 'juliet/b']) {
      await scene.device(name).send(available())
      const request = scene
        .device(name)
        .take()
        .find((stanza) => stanza.attr('type') === 'subscribe')!
      assert.deepEqual(
        [request.attr('from'), request.attr('to'), text(Status.in(request))],
        ['romeo@example.com', 'juliet@example.com', 'It is the east!'],
      )
    }
    await scene.device('juliet/a').send(available(Show({}, 'away')))
    assert.deepEqual(
      seen(scene.device('juliet/a')).filter((stanza) => stanza.startsWith('subscribe')),
      [],
    )
    await scene.device('juliet/a').send(ask('romeo', 'unsubscribed'))
    await scene.device('juliet/a').send(unavailable())
    scene.device('juliet/a').take()
    await scene.device('juliet/a').send(available())
    assert.deepEqual(seen(scene.device('juliet/a')), ['available juliet/a', 'available juliet/b'])
  })

  it('§3.2.2 and §2.5.2: who may see no more sees the presence end', async (t) => {
    const scene = await verona(t, ['romeo', 'juliet'])
    for (const end of [
      () => scene.device('juliet').send(ask('romeo', 'unsubscribed')),
      () => scene.device('juliet').send(Iq({ type: 'set' }, buildRosterSet({ jid: jid('romeo'), remove: true }))),
      () => scene.device('romeo').send(ask('juliet', 'unsubscribe')),
    ]) {
      await friends(scene, 'juliet', 'romeo')
      for (const name of ['romeo', 'juliet']) await scene.device(name).send(available())
      scene.device('romeo').take()
      await end()
      await settle()
      assert.ok(seen(scene.device('romeo')).includes('unavailable juliet/1'), String(end))
      await scene.device('juliet').send(available(Show({}, 'away')))
      assert.deepEqual(seen(scene.device('romeo')), [])
      await friends(scene, 'juliet', 'romeo', 'none')
    }
  })
})

describe('S42: an account that goes while its user is there', () => {
  it('is seen to go', async (t) => {
    const scene = await verona(t, ['romeo', 'juliet'])
    await friends(scene, 'juliet', 'romeo')
    for (const name of ['romeo', 'juliet']) await scene.device(name).send(available())
    scene.device('romeo').take()
    const { hooks, accounts } = scene.host
    await accounts.remove(jid('juliet'), await hooks.fold(accountRemoved, [], jid('juliet')))
    await scene.device('juliet').disconnect()
    assert.deepEqual(seen(scene.device('romeo')), ['unavailable juliet/1'])
  })
})

describe('hooks', () => {
  it('tell when a session comes, takes messages, changes and goes', async (t) => {
    const scene = await verona(t, ['juliet/a'])
    const juliet = scene.device('juliet/a')
    for (const presence of [priority(-1), priority(5), priority(1), unavailable(Status({}, 'bye')), available()])
      await juliet.send(presence)
    await juliet.disconnect()
    assert.deepEqual(told, [
      'online a',
      'changed a',
      'takes a',
      'changed a',
      'offline a bye',
      'online a',
      'takes a',
      'offline a',
    ])
  })

  it('a listener that does not end holds up neither the client nor its going', async (t) => {
    let release = (): void => undefined
    const slow = {
      key: 'mod_slow',
      summary: 'Takes its time.',
      specs: [],
      start: () => ({ hooks: [userAvailable.on(() => new Promise<void>((resolve) => (release = resolve)))] }),
    }
    const scene = await story(t, { modules: [[mod_roster], [mod_presence], [slow]], users: ['juliet', 'romeo'] })
    await friends(scene, 'juliet', 'romeo', 'from')
    scene.kernel.directory.setPresence(scene.device('romeo').session, available(), 0)
    await scene.device('juliet').send(available())
    await scene.device('juliet').send(available(Show({}, 'away')))
    await scene.device('juliet').disconnect()
    assert.deepEqual(seen(scene.device('romeo')), ['available juliet/1', 'available juliet/1', 'unavailable juliet/1'])
    release()
  })
})
