import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  ExternalCredentials,
  ExternalServiceTag,
  ExternalServices,
  Iq,
  errorCondition,
  parseJid,
  payload,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { sectionSchema } from '../../core/settings.ts'
import { type Device, type Story, settle, story } from '../../testing/story.ts'
import extdisco from './index.ts'

const STUN = { type: 'stun', host: 'stun.shakespeare.lit', port: 9998, transport: 'udp' }
const RELAY = {
  type: 'turn',
  host: 'relay.shakespeare.lit',
  port: 9999,
  transport: 'udp',
  username: 'nb78932lkjlskjfdb7g8',
  password: 'jj929jkj5sadjfj93v3n',
}
const TURN = { type: 'turn', host: 'turn.shakespeare.lit', port: 3478, secret: 'north' }

type Test = Parameters<typeof story>[0]

const globe = async (t: Test, service: object[] = [STUN, RELAY, TURN]): Promise<{ scene: Story; bard: Device }> => {
  const scene = await story(t, { modules: [[extdisco, { service }]], users: ['bard/globe'] })
  return { scene, bard: scene.device('bard/globe') }
}
const all = (type?: string) => Iq({ type: 'get', to: 'example.com' }, ExternalServices({ type }))
const credentials = (...asked: Record<string, string>[]) =>
  Iq({ type: 'get', to: 'example.com' }, ExternalCredentials({}, ...asked.map((each) => ExternalServiceTag(each))))
const hosts = (answer: Element) =>
  payload(answer)!
    .elements()
    .map((service) => service.attr('host'))

describe('XEP-0215 §3.1 and §3.2: services', () => {
  it('are listed with what is known of them', async (t) => {
    const { bard } = await globe(t, [STUN, RELAY])
    const answer = payload(await bard.request(all()))!
    const [stun, relay] = answer.elements()
    const read = (service: Element, names: readonly string[]) => names.map((name) => service.attr(name))
    assert.deepEqual(read(stun!, ['type', 'host', 'port', 'transport', 'username', 'expires']), [
      'stun',
      STUN.host,
      '9998',
      'udp',
      undefined,
      undefined,
    ])
    assert.deepEqual(read(relay!, ['username', 'password', 'restricted']), [RELAY.username, RELAY.password, 'true'])
  })

  it('of one type, which the answer repeats', async (t) => {
    const { bard } = await globe(t)
    const answer = await bard.request(all('turn'))
    assert.deepEqual([payload(answer)!.attr('type'), hosts(answer)], ['turn', [RELAY.host, TURN.host]])
    assert.deepEqual(hosts(await bard.request(all('ftp'))), [])
  })

  it('none when none is configured', async (t) => {
    assert.deepEqual(hosts(await (await globe(t, [])).bard.request(all())), [])
  })

  it('are not for users of other servers', async (t) => {
    const { scene } = await globe(t)
    const answers: Element[] = []
    scene.kernel.hosts.addService('elsewhere.lit', ({ stanza }) => void answers.push(stanza))
    for (const request of [all(), credentials({ host: TURN.host, type: 'turn' })])
      await scene.host.send(request.with({ id: 'x' }), parseJid('iago@elsewhere.lit/x'), parseJid('example.com'))
    await settle()
    assert.deepEqual(answers.map(errorCondition), ['forbidden', 'forbidden'])
  })
})

describe('XEP-0215 §3.3: credentials', () => {
  it('of a service with a shared secret are made for each request and expire', async (t) => {
    const { scene, bard } = await globe(t)
    const [service] = payload(await bard.request(all('turn')))!
      .elements()
      .slice(1)
    const expires = Math.floor(scene.clock.now() / 1000) + 3600
    assert.equal(service!.attr('username'), `${expires}:bard@example.com`)
    assert.equal(
      service!.attr('password'),
      createHmac('sha1', 'north').update(`${expires}:bard@example.com`).digest('base64'),
    )
    assert.equal(Date.parse(service!.attr('expires')!), expires * 1000)
    assert.equal(service!.attr('secret'), undefined)
    await scene.wait(5)
    const [later] = payload(await bard.request(credentials({ host: TURN.host, type: 'turn' })))!.elements()
    assert.equal(later!.attr('username'), `${expires + 5}:bard@example.com`)
  })

  it('live as long as the configuration says', async (t) => {
    const { scene, bard } = await globe(t, [{ ...TURN, credentials_lifetime: 60 }])
    const [service] = payload(await bard.request(all()))!.elements()
    assert.equal(Date.parse(service!.attr('expires')!), (Math.floor(scene.clock.now() / 1000) + 60) * 1000)
  })

  it('are those of the service that is named', async (t) => {
    const { bard } = await globe(t, [RELAY, { ...RELAY, port: 1 }, TURN])
    const named = async (asked: Record<string, string>) =>
      payload(await bard.request(credentials(asked)))!
        .elements()
        .map((service) => service.attr('port'))
    assert.deepEqual(await named({ host: RELAY.host, type: 'turn' }), ['9999', '1'])
    assert.deepEqual(await named({ host: RELAY.host, type: 'turn', port: '1' }), ['1'])
  })

  it('item-not-found for a service that there is not, bad-request for none or two', async (t) => {
    const { bard } = await globe(t)
    const refused = async (...asked: Record<string, string>[]) =>
      errorCondition(await bard.request(credentials(...asked)))
    assert.equal(await refused({ host: 'turn.elsewhere.lit', type: 'turn' }), 'item-not-found')
    assert.equal(await refused({ host: TURN.host, type: 'stun' }), 'item-not-found')
    assert.equal(await refused(), 'bad-request')
    assert.equal(await refused({ type: 'turn' }), 'bad-request')
    assert.equal(await refused({ host: TURN.host, type: 'turn' }, { host: TURN.host, type: 'turn' }), 'bad-request')
  })
})

describe('the configuration', () => {
  const read = (service: object) => sectionSchema(extdisco.config!, { folder: '.' }).safeParse({ service: [service] })

  it('wants a type and a host', () => {
    assert.equal(read(STUN).success, true)
    for (const service of [{ type: 'stun' }, { host: 'x' }, { ...STUN, transport: 'sctp' }, { ...STUN, other: 1 }])
      assert.equal(read(service).success, false, JSON.stringify(service))
  })

  it('MongooseIM: wants a secret or a name with a password, not both', () => {
    assert.equal(read(TURN).success, true)
    assert.match(read({ ...TURN, username: 'x' }).error!.issues[0]!.message, /either secret or username/)
    assert.equal(read({ ...TURN, password: 'x' }).success, false)
  })
})
