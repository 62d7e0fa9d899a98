import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  CAPS_NS,
  Caps,
  Caps2,
  DiscoInfo,
  HashTag,
  Iq,
  Presence,
  buildCaps,
  buildCaps2,
  buildDiscoInfo,
  buildForm,
  capsHash,
  parseDiscoInfo,
  readCaps,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { featuresBeforeLogin, streamFeatures } from '../../core/module.ts'
import { MemoryNetwork } from '../../testing/memory-network.ts'
import { DOMAIN, type Device, type Story, settle, story } from '../../testing/story.ts'
import disco from '../disco.ts'
import presence from '../presence/index.ts'
import { capsOf } from './api.ts'
import { featuresKnown } from './hooks.ts'
import caps from './index.ts'

type Test = { after(end: () => Promise<void>): void }

/** XEP-0115 §5.2. */
const EXODUS = buildDiscoInfo({
  identities: [{ category: 'client', type: 'pc', name: 'Exodus 0.9.1' }],
  features: [
    'http://jabber.org/protocol/caps',
    'http://jabber.org/protocol/disco#info',
    'http://jabber.org/protocol/disco#items',
    'http://jabber.org/protocol/muc',
  ],
})
const VER = 'QgayPKawpkPSDYmwT/WM94uAlu0='
const NODE = 'http://code.google.com/p/exodus'
const C = buildCaps('sha-1', NODE, VER)

function cast(t: Test, users: readonly string[], section: Record<string, unknown> = {}): Promise<Story> {
  return story(t, { modules: [[presence], [disco], [caps, section]], users })
}

/** The questions that a device was asked. */
const asked = (device: Device): Element[] => device.received.filter((stanza) => DiscoInfo.in(stanza) !== undefined)

/** Answers the question that the server has asked last. */
async function answer(device: Device, info: Element): Promise<void> {
  const iq = asked(device).at(-1)!
  device.received.splice(device.received.indexOf(iq), 1)
  await device.send(Iq({ type: 'result', id: iq.attr('id'), to: DOMAIN }, info))
}

async function features(scene: Story, device: Device): Promise<string[] | undefined> {
  const found = await capsOf(scene.host)!.featuresOf(scene.host.directory.find(device.jid)!)
  return found && [...found]
}

describe('mod_caps', () => {
  it('XEP-0115 §6.2: asks the full JID for the node of the hash, and knows the features then', async (t) => {
    const scene = await cast(t, ['romeo/orchard'])
    const romeo = scene.device('romeo/orchard')
    await romeo.send(Presence({}, C))
    const [iq] = asked(romeo)
    assert.equal(iq?.attr('from'), DOMAIN)
    assert.equal(iq.attr('to'), romeo.jid.toString())
    assert.equal(DiscoInfo.in(iq)?.attr('node'), `${NODE}#${VER}`)
    assert.equal(await features(scene, romeo), undefined)
    await answer(romeo, EXODUS)
    assert.deepEqual(await features(scene, romeo), parseDiscoInfo(EXODUS).features)
  })

  it('XEP-0115 §5.4: who has a hash that was verified is not asked', async (t) => {
    const scene = await cast(t, ['romeo', 'juliet'])
    const [romeo, juliet] = [scene.device('romeo'), scene.device('juliet')]
    await romeo.send(Presence({}, C))
    await answer(romeo, EXODUS)
    await juliet.send(Presence({}, buildCaps('sha-1', 'http://another.example/', VER)))
    assert.deepEqual(asked(juliet), [])
    assert.ok((await features(scene, juliet))?.includes('http://jabber.org/protocol/muc'))
  })

  it('S63: one client is asked for a hash that many have at once', async (t) => {
    const names = Array.from({ length: 20 }, (_, i) => `user${i}`)
    const scene = await cast(t, names)
    const devices = names.map((name) => scene.device(name))
    for (const device of devices) await device.send(Presence({}, C))
    assert.equal(devices.flatMap(asked).length, 1)
    await answer(devices[0]!, EXODUS)
    assert.equal(devices.flatMap(asked).length, 0)
    for (const device of devices) assert.equal((await features(scene, device))?.length, 4)
  })

  it('S63: an answer that the hash does not stand for holds for nobody else', async (t) => {
    const scene = await cast(t, ['mallory', 'juliet'])
    const [mallory, juliet] = [scene.device('mallory'), scene.device('juliet')]
    const poisoned = buildDiscoInfo({ identities: [{ category: 'client', type: 'pc' }], features: ['evil+notify'] })
    await mallory.send(Presence({}, C))
    await juliet.send(Presence({}, C))
    await answer(mallory, poisoned)
    await answer(juliet, EXODUS)
    assert.deepEqual(await features(scene, mallory), ['evil+notify'])
    assert.equal((await features(scene, juliet))?.includes('evil+notify'), false)
    assert.equal((await features(scene, juliet))?.length, 4)
  })

  it('S63: features dressed up as a form of the same hash hold for their sender alone', async (t) => {
    const scene = await cast(t, ['mallory', 'juliet'])
    const [mallory, juliet] = [scene.device('mallory'), scene.device('juliet')]
    const query = (words: string): Element =>
      buildDiscoInfo({ identities: [{ category: 'client', type: 'pc' }], features: words.split(' ') })
    const honest = query('a b c')
    const ver = capsHash(honest, 'v1', 'sha-1')!
    const forged = query('a').append(buildForm({ type: 'result', formType: 'b' }, [{ var: 'c' }]))
    assert.equal(capsHash(forged, 'v1', 'sha-1'), ver)
    await mallory.send(Presence({}, buildCaps('sha-1', NODE, ver)))
    await answer(mallory, forged)
    await juliet.send(Presence({}, buildCaps('sha-1', NODE, ver)))
    assert.equal(asked(juliet).length, 1)
    await answer(juliet, honest)
    assert.deepEqual(await features(scene, juliet), ['a', 'b', 'c'])
  })

  it('S63: the old form without a hash function, and unknown functions, hold for their sender alone', async (t) => {
    const scene = await cast(t, ['romeo', 'juliet'])
    for (const c of [Caps({ node: NODE, ver: '0.9', ext: 'a b' }), buildCaps('md5', NODE, 'x')])
      for (const name of ['romeo', 'juliet']) {
        const device = scene.device(name)
        await device.send(Presence({}, c))
        assert.equal(asked(device).length, 1)
        await answer(device, EXODUS)
        assert.equal((await features(scene, device))?.length, 4)
      }
  })

  it('S63: answers that nobody asked for, or in the name of somebody else, are nothing', async (t) => {
    const scene = await cast(t, ['romeo', 'mallory'])
    const [romeo, mallory] = [scene.device('romeo'), scene.device('mallory')]
    await romeo.send(Presence({}, C))
    const id = asked(romeo)[0]!.attr('id')
    for (let i = 0; i < 100; i++) await mallory.send(Iq({ type: 'result', id, to: DOMAIN }, EXODUS))
    assert.equal(await features(scene, romeo), undefined)
    assert.equal(await features(scene, mallory), undefined)
  })

  it('S63: features of hundreds of kilobytes are not taken', async (t) => {
    const scene = await cast(t, ['mallory'])
    const mallory = scene.device('mallory')
    const many = Array.from({ length: 2000 }, (_, i) => `urn:example:feature:number:${i}`)
    const info = buildDiscoInfo({ identities: [{ category: 'client', type: 'pc' }], features: many })
    await mallory.send(Presence({}, buildCaps('sha-1', NODE, capsHash(info, 'v1', 'sha-1')!)))
    await answer(mallory, info)
    assert.equal(await features(scene, mallory), undefined)
  })

  it('S63: a client that does not answer holds up the others of its hash for one time-out only', async (t) => {
    const scene = await cast(t, ['mallory', 'romeo', 'juliet'], { iq_response_timeout: 5000 })
    const [mallory, romeo, juliet] = ['mallory', 'romeo', 'juliet'].map((name) => scene.device(name))
    for (const device of [mallory!, romeo!, juliet!]) await device.send(Presence({}, C))
    assert.deepEqual([romeo!, juliet!].flatMap(asked), [])
    await scene.wait(7)
    assert.deepEqual(
      [romeo!, juliet!].map((device) => asked(device).length),
      [1, 1],
    )
    await answer(romeo!, EXODUS)
    assert.equal((await features(scene, romeo!))?.length, 4)
  })

  it('a hash is remembered for its time, and so many are', async (t) => {
    const scene = await cast(t, ['romeo', 'juliet', 'nurse'], { cache_life_time: 60, cache_size: 1 })
    const [romeo, juliet, nurse] = ['romeo', 'juliet', 'nurse'].map((name) => scene.device(name))
    await romeo!.send(Presence({}, C))
    await answer(romeo!, EXODUS)
    await scene.wait(61)
    await juliet!.send(Presence({}, C))
    await answer(juliet!, EXODUS)
    const other = buildDiscoInfo({ identities: [{ category: 'client', type: 'pc' }], features: ['a'] })
    await romeo!.send(Presence({}, buildCaps('sha-1', NODE, capsHash(other, 'v1', 'sha-1')!)))
    await answer(romeo!, other)
    await nurse!.send(Presence({}, C))
    assert.equal(asked(nurse!).length, 1)
  })

  it('XEP-0390 §4.4: a hash of the second version is asked for under its node, and verified', async (t) => {
    const scene = await cast(t, ['romeo', 'juliet'])
    const [romeo, juliet] = [scene.device('romeo'), scene.device('juliet')]
    const hash = capsHash(EXODUS, 'v2', 'sha-256')!
    await romeo.send(Presence({}, buildCaps2('sha-256', hash)))
    assert.equal(DiscoInfo.in(asked(romeo)[0]!)?.attr('node'), `urn:xmpp:caps#sha-256.${hash}`)
    await answer(romeo, EXODUS)
    await juliet.send(Presence({}, buildCaps2('sha-256', hash)))
    assert.equal((await features(scene, juliet))?.length, 4)
  })

  it('versions that are not configured are not followed', async (t) => {
    const scene = await cast(t, ['romeo'], { versions: ['v2'] })
    const romeo = scene.device('romeo')
    await romeo.send(Presence({}, C))
    assert.deepEqual(asked(romeo), [])
    const offered = await scene.host.hooks.fold(streamFeatures, [], DOMAIN)
    assert.deepEqual([Caps.in(Presence({}, ...offered)), Caps2.in(Presence({}, ...offered))].map(Boolean), [
      false,
      true,
    ])
  })

  it('XEP-0115 §6.1: other features in a later presence are found out, too, and told', async (t) => {
    const scene = await cast(t, ['romeo'])
    const romeo = scene.device('romeo')
    const told: number[] = []
    scene.host.hooks.add(
      'test',
      featuresKnown.on((_, found) => void told.push(found.size)),
    )
    await romeo.send(Presence({}, C))
    await answer(romeo, EXODUS)
    const other = buildDiscoInfo({ identities: [{ category: 'client', type: 'pc' }], features: ['a'] })
    await romeo.send(Presence({}, buildCaps('sha-1', NODE, capsHash(other, 'v1', 'sha-1')!)))
    await answer(romeo, other)
    // A presence that says nothing of features leaves them.
    await romeo.send(Presence())
    assert.deepEqual(await features(scene, romeo), ['a'])
    await romeo.send(Presence({ type: 'unavailable' }))
    assert.equal(await features(scene, romeo), undefined)
    assert.deepEqual(told, [4, 1])
  })
})

describe('the capabilities of the server', () => {
  it('XEP-0115 §6.3: stream features have them, and service discovery has the same under their nodes', async (t) => {
    const scene = await cast(t, ['romeo'])
    const offered = await scene.host.hooks.fold(streamFeatures, [], DOMAIN)
    assert.deepEqual(await scene.host.hooks.fold(featuresBeforeLogin, [], DOMAIN), offered)
    const parent = Presence({}, ...offered)
    for (const version of ['v1', 'v2'] as const) {
      const found = readCaps(parent, [version])!
      const reply = await scene
        .device('romeo')
        .request(Iq({ type: 'get', to: DOMAIN }, DiscoInfo({ node: found.node })))
      const query = DiscoInfo.in(reply)!
      assert.equal(query.attr('node'), found.node)
      assert.equal(capsHash(query.with({ node: undefined }), version, found.algo!), found.value)
      assert.ok(parseDiscoInfo(query).features.includes(CAPS_NS))
    }
    const unknown = Iq({ type: 'get', to: DOMAIN }, DiscoInfo({ node: `xmpp:${DOMAIN}#nothing` }))
    assert.equal((await scene.device('romeo').request(unknown)).attr('type'), 'error')
  })

  it('XEP-0390 §5.3: the hash is in the words of XEP-0300', async (t) => {
    const scene = await cast(t, [])
    const offered = await scene.host.hooks.fold(streamFeatures, [], DOMAIN)
    assert.equal(HashTag.in(Caps2.in(Presence({}, ...offered))!)?.attr('algo'), 'sha-256')
  })

  it('without service discovery there is nothing to tell', async (t) => {
    const scene = await story(t, { modules: [[presence], [caps]] })
    assert.deepEqual(await scene.host.hooks.fold(streamFeatures, [], DOMAIN), [])
  })
})

describe('mod_caps on two nodes', () => {
  it('a resource of another node is asked about there, and its hash is known from then on', async (t) => {
    const network = new MemoryNetwork()
    const start = (name: string): Promise<Story> =>
      story(t, { modules: [[presence], [disco], [caps]], transport: network.join(name), users: [`${name}/1`] })
    const [west, east] = [await start('west'), await start('east')]
    await settle()
    const [there, here] = [east.device('east/1'), west.device('west/1')]
    await there.send(Presence({}, C))
    await answer(there, EXODUS)
    const entry = west.host.directory.find(there.jid)!
    assert.equal(entry.local, undefined)
    assert.equal((await capsOf(west.host)!.featuresOf(entry))?.size, 4)
    await here.send(Presence({}, C))
    assert.deepEqual(asked(here), [])
    assert.equal((await features(west, here))?.length, 4)
  })
})
