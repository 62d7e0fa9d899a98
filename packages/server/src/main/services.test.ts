/** Services beside the domains of a host type: they come and go with them. */
import assert from 'node:assert/strict'
import { type TestContext, describe, it } from 'node:test'
import { DiscoInfo, DiscoItems, Iq, Pubsub, SearchQuery, errorCondition, parseJid } from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import { loadModules } from './modules.ts'
import { type Story, story } from '../testing/story.ts'

const modules = await loadModules()
const S3 = {
  s3: {
    bucket_url: 'https://files.example/',
    region: 'eu',
    access_key_id: 'id',
    secret_access_key: 'key',
    add_acl: false,
  },
}
const NEW = 'verona.example'
const SERVICES = ['pubsub', 'upload', 'vjud']

async function scene(t: TestContext, settings: Readonly<Record<string, Record<string, unknown>>> = {}): Promise<Story> {
  const cast = ['mod_disco', 'mod_presence', 'mod_caps', 'mod_pubsub', 'mod_pubsub_old', 'mod_vcard', 'mod_http_upload']
  const given: Record<string, Record<string, unknown>> = { mod_http_upload: S3, ...settings }
  return story(t, {
    modules: cast.map((key) => [modules.get(key)!, given[key] ?? {}] as const),
    known: [modules.get('mod_roster')!, modules.get('mod_messages')!],
    users: ['juliet'],
  })
}

/** What the items of a domain are. */
async function itemsOf(told: Story, domain: string): Promise<string[]> {
  const answer = await told.device('juliet').request(Iq({ type: 'get', to: domain }, DiscoItems()))
  return DiscoItems.in(answer)!
    .elements()
    .map((item) => item.attr('jid')!)
    .toSorted((one, other) => (one < other ? -1 : 1))
}

const served = (told: Story, domain: string) =>
  SERVICES.filter((name) => told.kernel.hosts.service(`${name}.${domain}`) !== undefined)

describe('services beside each domain', () => {
  it('are there for a domain that comes, and are found', async (t) => {
    const told = await scene(t)
    const { hosts } = told.kernel
    assert.deepEqual([served(told, 'example.com'), served(told, NEW)], [SERVICES, []])
    hosts.addDomain(NEW, told.host)
    for (const domain of ['example.com', NEW])
      assert.deepEqual(
        await itemsOf(told, domain),
        SERVICES.map((name) => `${name}.${domain}`),
      )
    for (const name of SERVICES) {
      const to = `${name}.${NEW}`
      const answer = await told.device('juliet').request(Iq({ type: 'get', to }, DiscoInfo()))
      assert.equal(errorCondition(answer), undefined, to)
    }
  })

  it('go with the domain, and with the module', async (t) => {
    const told = await scene(t)
    const { hosts, modules: manager } = told.kernel
    hosts.addDomain(NEW, told.host)
    hosts.removeDomain(NEW)
    assert.deepEqual([served(told, 'example.com'), served(told, NEW)], [SERVICES, []])
    hosts.addDomain(NEW, told.host)
    await manager.stop(told.host, 'mod_vcard')
    await manager.stop(told.host, 'mod_pubsub_old')
    assert.deepEqual([served(told, 'example.com'), served(told, NEW)], [['upload'], ['upload']])
    assert.deepEqual(await itemsOf(told, NEW), [`upload.${NEW}`])
    hosts.addDomain('late.example', told.host)
    assert.deepEqual(served(told, 'late.example'), ['upload'])
  })

  it('each finds the users of its own domain, and keeps its own nodes', async (t) => {
    const told = await scene(t)
    told.kernel.hosts.addDomain(NEW, told.host)
    const juliet = told.device('juliet')
    await juliet.request(
      parseElement(
        '<iq xmlns="jabber:client" type="set" id="v"><vCard xmlns="vcard-temp"><NICKNAME>Jule</NICKNAME></vCard></iq>',
      ),
    )
    const find = async (domain: string) =>
      serialize(
        await juliet.request(
          Iq(
            { type: 'set', to: `vjud.${domain}` },
            SearchQuery({}, parseElement('<nick xmlns="jabber:iq:search">Jule</nick>')),
          ),
        ),
      )
    assert.match(await find('example.com'), /<item jid=.juliet@example\.com/)
    assert.doesNotMatch(await find(NEW), /<item/)
    const create = parseElement('<create xmlns="http://jabber.org/protocol/pubsub" node="n"/>')
    for (const domain of [NEW, 'example.com']) {
      const to = `pubsub.${domain}`
      assert.equal(errorCondition(await juliet.request(Iq({ type: 'set', to }, Pubsub({}, create)))), undefined)
      const nodes = (await juliet.request(Iq({ type: 'get', to }, DiscoItems()))).elements()[0]!.elements()
      assert.deepEqual(
        nodes.map((node) => [node.attr('jid'), node.attr('node')]),
        [[to, 'n']],
      )
    }
  })

  it('a domain does not come when one of them is taken, and nothing of it is served then', async (t) => {
    const told = await scene(t)
    const { hosts } = told.kernel
    hosts.addService(`vjud.${NEW}`, () => undefined)
    assert.throws(() => hosts.addDomain(NEW, told.host), /vjud\.verona\.example is already served/)
    assert.deepEqual([hosts.of(NEW), served(told, NEW)], [undefined, ['vjud']])
  })

  it('a service of a fixed name is there once, for all domains', async (t) => {
    const told = await scene(t, { mod_vcard: { host: 'users.example' } })
    const { hosts } = told.kernel
    hosts.addDomain(NEW, told.host)
    assert.deepEqual(await itemsOf(told, NEW), [`pubsub.${NEW}`, `upload.${NEW}`, 'users.example'])
    hosts.removeDomain(NEW)
    assert.notEqual(hosts.service('users.example'), undefined)
    assert.equal(hosts.home(parseJid('users.example').domain), undefined)
  })
})
