import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, Presence, RosterQuery, Status, buildRosterSet, makeJid, parseRoster, payload } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { DROP, presenceOfUser, subscriptionChanged, userReceive } from '../../core/module.ts'
import { DOMAIN, type Device, type Story, settle, story } from '../../testing/story.ts'
import { rostersOf } from './api.ts'
import mod_roster from './index.ts'
import type { SubscriptionType } from './states.ts'

type Test = Parameters<typeof story>[0]

const romeo = makeJid('romeo', DOMAIN)
const juliet = makeJid('juliet', DOMAIN)
const to = (user: string, type: SubscriptionType) => Presence({ to: `${user}@${DOMAIN}`, type, id: 's1' })

/** What subscriptions did, as other modules hear of it. */
const changes: string[] = []
const witness = {
  key: 'mod_witness',
  summary: 'Notes changes of subscriptions, and makes devices available.',
  specs: [],
  start: () => ({
    hooks: [
      subscriptionChanged.on((user, contact, before, after) => {
        changes.push(`${user.local} ${contact.local} ${before} ${after}`)
      }),
      presenceOfUser.on(() => true),
    ],
  }),
}

/** Romeo and Juliet, both available and interested in their rosters. */
async function orchard(t: Test, section: Record<string, unknown> = {}): Promise<Story> {
  changes.length = 0
  const scene = await story(t, { modules: [[mod_roster, section], [witness]], users: ['romeo', 'juliet'] })
  for (const name of ['romeo', 'juliet']) await appear(scene, name)
  return scene
}

async function appear(scene: Story, name: string): Promise<Device> {
  const device = scene.device(name)
  scene.kernel.directory.setPresence(device.session, Presence({ from: device.jid }), 0)
  await device.request(Iq({ type: 'get' }, RosterQuery()))
  return device
}

/** What a device has received, in short: `subscribe from`, or of a push `contact: subscription ask approved`. */
const seen = (device: Device) => device.take().map(brief)

function brief(stanza: Element): string {
  if (stanza.name === 'presence') return `${stanza.attr('type') ?? 'available'} ${stanza.attr('from')}`
  const [item] = parseRoster(payload(stanza)!)
  return `${item!.jid.local}: ${item!.subscription}${item!.ask ? ' ask' : ''}${item!.approved ? ' approved' : ''}`
}

const stateOf = async (scene: Story, user: typeof romeo, contact: typeof romeo) =>
  (await rostersOf(scene.host)!.contact(user, contact))?.subscription

describe('RFC 6121 §3.1: requesting a subscription', () => {
  it('from the request to its approval', async (t) => {
    const scene = await orchard(t)
    const [r, j] = [scene.device('romeo'), scene.device('juliet')]
    await r.send(to('juliet', 'subscribe'))
    // §3.1.2: the push comes to the user; §3.1.3: the contact gets the request, from the bare JID, and no push
    assert.deepEqual(seen(r), ['juliet: none ask'])
    assert.deepEqual(seen(j), ['subscribe romeo@example.com'])
    assert.deepEqual(await rostersOf(scene.host)!.list(juliet), [])

    await j.send(to('romeo', 'subscribed'))
    // §3.1.5 and §3.1.6: the stanza is delivered before the push
    assert.deepEqual(seen(j), ['romeo: from'])
    assert.deepEqual(seen(r), ['subscribed juliet@example.com', 'juliet: to'])
    assert.deepEqual(changes.toSorted(), ['juliet romeo none from', 'romeo juliet none to'])
  })

  it('§3.1.4: denied', async (t) => {
    const scene = await orchard(t)
    const [r, j] = [scene.device('romeo'), scene.device('juliet')]
    await r.send(to('juliet', 'subscribe'))
    await j.send(to('romeo', 'unsubscribed'))
    assert.deepEqual(seen(r), ['juliet: none ask', 'unsubscribed juliet@example.com', 'juliet: none'])
    assert.deepEqual(seen(j), ['subscribe romeo@example.com'])
    assert.deepEqual(changes, [])
  })

  it('§3.1.2: asking a full JID asks the account', async (t) => {
    const scene = await orchard(t)
    await scene.device('romeo').send(Presence({ to: 'juliet@example.com/1', type: 'subscribe' }))
    const [request] = scene.device('juliet').take()
    assert.deepEqual([request!.attr('from'), request!.attr('to')], ['romeo@example.com', 'juliet@example.com'])
  })

  it('§3.1.3: a request to one who has approved is answered by the server', async (t) => {
    const scene = await orchard(t)
    await rostersOf(scene.host)!.put(juliet, romeo, 'from')
    seen(scene.device('juliet'))
    await scene.device('romeo').send(to('juliet', 'subscribe'))
    assert.deepEqual(seen(scene.device('romeo')), ['juliet: none ask', 'subscribed juliet@example.com', 'juliet: to'])
    assert.deepEqual(seen(scene.device('juliet')), [])
  })

  it('§3.1.3: a request is kept for one who is away, with what it says, and kept short', async (t) => {
    const scene = await orchard(t)
    await scene.device('juliet').disconnect()
    await scene.device('romeo').send(to('juliet', 'subscribe').append(Status({}, 'It is the east!')))
    const request = () => rostersOf(scene.host)!.list(juliet)
    assert.deepEqual(await request(), [])
    const kept = await scene.host.stores.keyedSet('roster').get('juliet@example.com', 'romeo@example.com')
    assert.match(kept!, /It is the east!/)

    scene.connect('tybalt')
    await scene.device('tybalt').send(to('juliet', 'subscribe').append(Status({}, 'x'.repeat(100_000))))
    const long = await scene.host.stores.keyedSet('roster').get('juliet@example.com', 'tybalt@example.com')
    assert.ok(long!.length < 500)
  })

  it('§3.1.3: a request to nobody leaves the same trace as one to somebody', async (t) => {
    const scene = await orchard(t)
    await scene.device('romeo').send(to('nobody', 'subscribe'))
    assert.deepEqual(seen(scene.device('romeo')), ['nobody: none ask'])
    assert.equal(await scene.host.stores.keyedSet('roster').count('nobody@example.com'), 0)
  })

  it('S57: strangers cannot fill a roster with requests', async (t) => {
    const scene = await orchard(t, { max_requests: 3 })
    for (const name of ['a', 'b', 'c', 'd', 'e']) await scene.connect(name).send(to('juliet', 'subscribe'))
    assert.equal(await scene.host.stores.keyedSet('roster').count('juliet@example.com'), 3)
    assert.equal(seen(scene.device('juliet')).length, 3)
  })

  it('S68: what a filter of the contact drops changes nothing there', async (t) => {
    const blocking = {
      key: 'mod_blocks',
      summary: 'Drops all presence.',
      specs: [],
      start: () => ({ hooks: [userReceive.on(({ stanza }) => (stanza.name === 'presence' ? DROP : undefined))] }),
    }
    const scene = await story(t, { modules: [[mod_roster], [blocking]], users: ['romeo', 'juliet'] })
    await scene.device('romeo').send(to('juliet', 'subscribe'))
    assert.equal((await rostersOf(scene.host)!.contact(romeo, juliet))!.ask, true)
    assert.equal(await scene.host.stores.keyedSet('roster').count('juliet@example.com'), 0)
  })

  it('one’s own presence needs no subscription', async (t) => {
    const scene = await orchard(t)
    for (const type of ['subscribe', 'subscribed', 'unsubscribe', 'unsubscribed'] as const)
      await scene.device('romeo').send(to('romeo', type))
    assert.deepEqual(seen(scene.device('romeo')), [])
    assert.deepEqual(await rostersOf(scene.host)!.list(romeo), [])
  })
})

describe('RFC 6121 §3.2 and §3.3: ending a subscription', () => {
  async function lovers(t: Test): Promise<Story> {
    const scene = await orchard(t)
    await rostersOf(scene.host)!.put(romeo, juliet, 'both')
    await rostersOf(scene.host)!.put(juliet, romeo, 'both')
    for (const name of ['romeo', 'juliet']) scene.device(name).take()
    changes.length = 0
    return scene
  }

  it('§3.2: cancelling the contact’s', async (t) => {
    const scene = await lovers(t)
    await scene.device('juliet').send(to('romeo', 'unsubscribed'))
    assert.deepEqual(seen(scene.device('juliet')), ['romeo: to'])
    assert.deepEqual(seen(scene.device('romeo')), ['unsubscribed juliet@example.com', 'juliet: from'])
    assert.deepEqual(changes.toSorted(), ['juliet romeo both to', 'romeo juliet both from'])
  })

  it('§3.3: giving up one’s own', async (t) => {
    const scene = await lovers(t)
    await scene.device('juliet').send(to('romeo', 'unsubscribe'))
    assert.deepEqual(seen(scene.device('juliet')), ['romeo: from'])
    assert.deepEqual(seen(scene.device('romeo')), ['unsubscribe juliet@example.com', 'juliet: to'])
    assert.deepEqual(changes.toSorted(), ['juliet romeo both from', 'romeo juliet both to'])
  })

  it('§2.5.2: removing the contact ends both, and the contact learns it', async (t) => {
    const scene = await lovers(t)
    const removal = Iq({ type: 'set' }, buildRosterSet({ jid: romeo, remove: true }))
    assert.equal((await scene.device('juliet').request(removal)).attr('type'), 'result')
    await settle()
    assert.deepEqual(seen(scene.device('juliet')), ['romeo: remove'])
    assert.deepEqual(seen(scene.device('romeo')), [
      'unsubscribe juliet@example.com',
      'juliet: to',
      'unsubscribed juliet@example.com',
      'juliet: none',
    ])
    assert.equal(changes.at(-1), 'juliet romeo both none')
  })

  it('§2.5.2: removing a contact whose request waits denies it, and takes back one’s own', async (t) => {
    const scene = await orchard(t)
    const [r, j] = [scene.device('romeo'), scene.device('juliet')]
    await r.send(to('juliet', 'subscribe'))
    await j.send(to('romeo', 'subscribe'))
    j.take()
    r.take()
    await j.request(Iq({ type: 'set' }, buildRosterSet({ jid: romeo, remove: true })))
    await settle()
    assert.deepEqual(seen(r), ['unsubscribe juliet@example.com', 'unsubscribed juliet@example.com', 'juliet: none'])
    assert.equal(await scene.host.stores.keyedSet('roster').count('juliet@example.com'), 0)
  })

  it('what the tables stop changes nothing and reaches nobody', async (t) => {
    const scene = await orchard(t)
    await scene.device('juliet').send(to('romeo', 'unsubscribed'))
    await scene.device('juliet').send(to('romeo', 'unsubscribe'))
    assert.deepEqual([seen(scene.device('romeo')), seen(scene.device('juliet'))], [[], []])
    assert.equal(await scene.host.stores.keyedSet('roster').count('juliet@example.com'), 0)
  })

  it('each side’s state is changed although nobody is there', async (t) => {
    const scene = await lovers(t)
    await scene.device('juliet').disconnect()
    await scene.device('romeo').send(to('juliet', 'unsubscribed'))
    assert.equal(await stateOf(scene, juliet, romeo), 'from')
    assert.equal(await stateOf(scene, romeo, juliet), 'to')
  })
})

describe('RFC 6121 §3.4: approving in advance', () => {
  it('the later request is approved by the server', async (t) => {
    const scene = await orchard(t)
    const [r, j] = [scene.device('romeo'), scene.device('juliet')]
    await j.send(to('romeo', 'subscribed'))
    assert.deepEqual([seen(j), seen(r)], [['romeo: none approved'], []])
    await r.send(to('juliet', 'subscribe'))
    assert.deepEqual(seen(j), ['romeo: from approved'])
    assert.deepEqual(seen(r), ['juliet: none ask', 'subscribed juliet@example.com', 'juliet: to'])
    assert.deepEqual(changes.toSorted(), ['juliet romeo none from', 'romeo juliet none to'])
  })

  it('is cancelled by "unsubscribed"', async (t) => {
    const scene = await orchard(t)
    const [r, j] = [scene.device('romeo'), scene.device('juliet')]
    await j.send(to('romeo', 'subscribed'))
    await j.send(to('romeo', 'unsubscribed'))
    assert.deepEqual([seen(j), seen(r)], [['romeo: none approved', 'romeo: none'], []])
    await r.send(to('juliet', 'subscribe'))
    assert.deepEqual(seen(j), ['subscribe romeo@example.com'])
  })
})

describe('what the server itself and its operators do', () => {
  it('RosterApi.subscribe does what the user would', async (t) => {
    const scene = await orchard(t)
    await scene.device('romeo').disconnect()
    const rosters = rostersOf(scene.host)!
    await rosters.subscribe(romeo, juliet, 'subscribe')
    assert.deepEqual(seen(scene.device('juliet')), ['subscribe romeo@example.com'])
    await rosters.subscribe(juliet, romeo, 'subscribed')
    assert.equal(await stateOf(scene, romeo, juliet), 'to')
    assert.equal(await stateOf(scene, juliet, romeo), 'from')
  })

  it('a request sent through the API takes the same path', async (t) => {
    const scene = await orchard(t)
    await scene.kernel.router.send(to('juliet', 'subscribe'), romeo, juliet, 'api')
    assert.deepEqual(seen(scene.device('romeo')), ['juliet: none ask'])
    const [request] = scene.device('juliet').take()
    assert.equal(text(Status.in(request!)), '')
    assert.equal(brief(request!), 'subscribe romeo@example.com')
  })
})
