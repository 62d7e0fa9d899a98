import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DiscoInfo,
  DiscoItems,
  Iq,
  errorCondition,
  findForm,
  parseDiscoInfo,
  parseDiscoItems,
  parseForm,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type ModuleDeclaration, maySeePresence, nodeInfo, nodeItems, rootItems } from '../core/module.ts'
import { type Device, type StoryOptions, story } from '../testing/story.ts'
import caps from './caps/index.ts'
import disco from './disco.ts'
import httpUpload from './http-upload/index.ts'
import ping from './ping.ts'
import presence from './presence/index.ts'
import pubsubOld from './pubsub-old/index.ts'
import pubsub from './pubsub/index.ts'
import vcard from './vcard/index.ts'

const DOMAIN = 'example.com'
const JULIET = `juliet@${DOMAIN}`

const info = async (device: Device, to: string | undefined, node?: string) =>
  device.request(Iq({ type: 'get', to }, DiscoInfo({ node })))
const items = async (device: Device, to: string, node?: string) =>
  device.request(Iq({ type: 'get', to }, DiscoItems({ node })))
const features = async (device: Device, to?: string) => parseDiscoInfo(DiscoInfo.in(await info(device, to))!).features

const rooms: ModuleDeclaration = {
  key: 'mod_rooms',
  summary: 'Two services.',
  specs: [],
  start: () => ({
    services: [
      { domain: `rooms.${DOMAIN}`, service: () => undefined },
      { domain: `secret.${DOMAIN}`, service: () => undefined, hidden: true, name: 'Secret rooms' },
    ],
  }),
}

/** Lets romeo, and nobody else, see presences. */
const friends: ModuleDeclaration = {
  key: 'mod_friends',
  summary: "Romeo is everybody's friend.",
  specs: [],
  start: () => ({ hooks: [maySeePresence.on((_user, contact) => contact.local === 'romeo')] }),
}

/** Has a node on every entity, and an item that leads to it. */
const shelf: ModuleDeclaration = {
  key: 'mod_shelf',
  summary: 'A node.',
  specs: [],
  start: () => ({
    hooks: [
      nodeInfo.on(({ node }) =>
        node === 'shelf' ? { identities: [{ category: 'automation', type: 'x' }], features: ['a'] } : undefined,
      ),
      nodeItems.on(({ to, node }) => (node === 'shelf' ? [{ jid: to.toString(), node: 'book' }] : undefined)),
      rootItems.on((items, _from, to) => [...items, { jid: to.toString(), node: 'shelf' }]),
    ],
  }),
}

describe('XEP-0030 §3: the server', () => {
  it('tells its identity and the features of its modules, as they are at the time', async (t) => {
    const scene = await story(t, { modules: [[disco], [ping]], users: ['juliet'] })
    const juliet = scene.device('juliet')
    const { identities } = parseDiscoInfo(DiscoInfo.in(await info(juliet, DOMAIN))!)
    assert.deepEqual(
      identities.map(({ category, type, name }) => [category, type, name]),
      [['server', 'im', 'Meerkat']],
    )
    assert.ok((await features(juliet, DOMAIN)).includes('urn:xmpp:ping'))
    await scene.kernel.modules.stop(scene.host, 'mod_ping')
    assert.deepEqual(await features(juliet, DOMAIN), [DiscoInfo.ns, DiscoItems.ns])
  })

  it('§7: does not know nodes', async (t) => {
    const scene = await story(t, { modules: [[disco]], users: ['juliet'] })
    assert.equal(errorCondition(await info(scene.device('juliet'), DOMAIN, 'nowhere')), 'item-not-found')
  })

  it('§3.2 and §4.2: tells of the nodes of its modules, as do accounts', async (t) => {
    const scene = await story(t, { modules: [[disco], [shelf], [friends]], users: ['juliet', 'mercutio'] })
    const juliet = scene.device('juliet')
    for (const to of [DOMAIN, `juliet@${DOMAIN}`]) {
      const told = parseDiscoInfo(DiscoInfo.in(await info(juliet, to, 'shelf'))!)
      assert.deepEqual([told.node, told.identities[0]!.category, told.features], ['shelf', 'automation', ['a']])
      const listed = parseDiscoItems(DiscoItems.in(await items(juliet, to, 'shelf'))!)
      assert.deepEqual(listed, [{ jid: to, node: 'book', name: undefined }])
      assert.equal(parseDiscoItems(DiscoItems.in(await items(juliet, to))!).at(-1)!.node, 'shelf')
      assert.equal(errorCondition(await items(juliet, to, 'nowhere')), 'item-not-found')
    }
    assert.equal(errorCondition(await info(scene.device('mercutio'), JULIET, 'shelf')), 'service-unavailable')
  })

  it('§4: lists its services and the extra domains, hidden ones as configured', async (t) => {
    const list = async (config: Record<string, unknown>) => {
      const scene = await story(t, { modules: [[disco, config], [rooms]], users: ['juliet'] })
      return parseDiscoItems(DiscoItems.in(await items(scene.device('juliet'), DOMAIN))!).map(({ jid }) => jid)
    }
    assert.deepEqual(await list({ extra_domains: ['else.example'] }), [
      `rooms.${DOMAIN}`,
      `secret.${DOMAIN}`,
      'else.example',
    ])
    assert.deepEqual(await list({ users_can_see_hidden_services: false }), [`rooms.${DOMAIN}`])
  })

  it('XEP-0157 §3: gives contact addresses', async (t) => {
    const config = { server_info: [{ name: 'abuse-addresses', urls: ['mailto:abuse@example.com'] }] }
    const scene = await story(t, { modules: [[disco, config]], users: ['juliet'] })
    const query = DiscoInfo.in(await info(scene.device('juliet'), DOMAIN))!
    const { values } = parseForm(findForm(query, 'http://jabber.org/network/serverinfo')!)
    assert.deepEqual(values.get('abuse-addresses'), ['mailto:abuse@example.com'])
  })
})

describe('what services show', () => {
  const contacts = [
    { name: 'abuse-addresses', urls: ['mailto:abuse@example.com'] },
    { name: 'support-addresses', urls: ['mailto:help@example.com'], modules: ['mod_vcard'] },
  ]
  const fieldsOf = (answer: Element) => {
    const form = findForm(DiscoInfo.in(answer)!, 'http://jabber.org/network/serverinfo')
    return form === undefined ? [] : [...parseForm(form).values.keys()].filter((name) => name !== 'FORM_TYPE')
  }

  it('XEP-0157 §3: contact addresses, of all modules or of some', async (t) => {
    const s3 = { bucket_url: 'https://bucket.example', region: 'r', access_key_id: 'a', secret_access_key: 's' }
    const modules: StoryOptions['modules'] = [
      [disco, { server_info: contacts }],
      [presence],
      [caps],
      [pubsub],
      [pubsubOld],
      [vcard],
      [httpUpload, { s3 }],
    ]
    const juliet = (await story(t, { modules, users: ['juliet'] })).device('juliet')
    const told = async (place: string) => fieldsOf(await info(juliet, place))
    assert.deepEqual(await told(DOMAIN), ['abuse-addresses'])
    assert.deepEqual(await told(`vjud.${DOMAIN}`), ['abuse-addresses', 'support-addresses'])
    for (const place of ['upload', 'pubsub'])
      assert.deepEqual(await told(`${place}.${DOMAIN}`), ['abuse-addresses'], place)
    const listed = parseDiscoItems(DiscoItems.in(await items(juliet, DOMAIN))!).map(({ name }) => String(name))
    assert.deepEqual(listed.toSorted(), ['HTTP File Upload', 'Publish-Subscribe', 'vCard User Search'])
  })
})

describe('XEP-0030 §8: an account', () => {
  it('shows itself to its owner and to those who see its presence, and to nobody else', async (t) => {
    const scene = await story(t, { modules: [[disco], [friends]], users: ['juliet', 'romeo', 'tybalt'] })
    const { identities } = parseDiscoInfo(DiscoInfo.in(await info(scene.device('juliet'), undefined))!)
    assert.deepEqual(
      identities.map(({ category, type }) => [category, type]),
      [['account', 'registered']],
    )
    assert.equal(errorCondition(await info(scene.device('romeo'), JULIET)), undefined)
    assert.equal(errorCondition(await info(scene.device('tybalt'), JULIET)), 'service-unavailable')
    assert.equal(errorCondition(await items(scene.device('tybalt'), JULIET)), 'service-unavailable')
    // A user who does not exist gets the same answer.
    assert.equal(errorCondition(await info(scene.device('tybalt'), `nobody@${DOMAIN}`)), 'service-unavailable')
  })

  it('lists its available resources', async (t) => {
    const scene = await story(t, { modules: [[disco]], users: ['juliet/phone', 'juliet/desk'] })
    const { kernel } = scene
    kernel.directory.setPresence(scene.device('juliet/phone').session, undefined, 0)
    const answer = await items(scene.device('juliet/desk'), JULIET)
    assert.deepEqual(
      parseDiscoItems(DiscoItems.in(answer)!).map(({ jid }) => jid),
      [`${JULIET}/phone`],
    )
  })
})
