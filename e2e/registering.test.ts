/** In-band registration (XEP-0077) before login, on every way into the server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement } from '@meerkat/xml'
import { RegisterQuery, errorCondition, parseRegister } from '@meerkat/protocol'
import { Bosh } from './bosh-client.ts'
import { startServer } from './harness.ts'
import { Frames, openFrame } from './web-socket.ts'

const server = await startServer({
  general: 'registration_timeout = "infinity"',
  modules: `[modules.mod_presence]
[modules.mod_offline]
[modules.mod_register]
password_strength = 20
welcome_message = { subject = "Hi", body = "Welcome!" }`,
  extra: `
[services.service_bosh]

[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.mongoose_websocket_handler]]
host = "_"
path = "/ws-xmpp"
allow_plain_without_tls = true
[[listen.http.handlers.mongoose_bosh_handler]]
host = "_"
path = "/http-bind"
`,
})

const FEATURE = 'http://jabber.org/features/iq-register'
const get = `<iq xmlns='jabber:client' type='get' id='reg1' to='localhost'><query xmlns='jabber:iq:register'/></iq>`
const set = (name: string, password: string): string =>
  `<iq xmlns='jabber:client' type='set' id='reg2'><query xmlns='jabber:iq:register'><username>${name}</username><password>${password}</password></query></iq>`
const port = Number(/WebSocket .*:(\d+)\/ws-xmpp$/m.exec(server.stdout)![1])

test('XEP-0077 §3.1: over WebSocket, and then the same connection logs in', async () => {
  const frames = await Frames.connect(`ws://127.0.0.1:${port}/ws-xmpp`)
  frames.send(openFrame('localhost'))
  await frames.next()
  assert.match(await frames.next(), new RegExp(FEATURE))
  frames.send(get)
  const { fields, registered } = parseRegister(RegisterQuery.in(await frames.element())!)
  assert.deepEqual([[...fields.keys()], registered], [['username', 'password'], false])
  frames.send(set('juliet', 'abc'))
  assert.equal(errorCondition(await frames.element()), 'not-acceptable')
  frames.send(set('juliet', 'Calliope-1'))
  assert.equal((await frames.element()).attr('type'), 'result')
  frames.send(set('juliet', 'Calliope-1'))
  assert.equal(errorCondition(await frames.element()), 'conflict')
  const plain = Buffer.from('\0juliet\0Calliope-1').toString('base64')
  frames.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`)
  assert.match(await frames.next(), /^<success/)
  frames.close()
})

test('XEP-0077 §3.1: over BOSH', async () => {
  const bosh = new Bosh(`http://127.0.0.1:${port}/http-bind`)
  const first = await bosh.begin()
  assert.ok(first.elements().some((features) => features.elements().some(({ ns }) => ns === FEATURE)))
  const body = await bosh.raw({ rid: bosh.rid + 1, sid: bosh.sid }, set('romeo', 'Calliope-2'))
  const [answer] = body.elements()
  assert.deepEqual([answer?.name, answer?.attr('type')], ['iq', 'result'])
})

test('the welcome waits for the new user', async () => {
  const frames = await Frames.connect(`ws://127.0.0.1:${port}/ws-xmpp`)
  await frames.logIn('localhost', 'juliet', 'Calliope-1')
  frames.send(`<presence xmlns='jabber:client'/>`)
  let stanza = parseElement(await frames.next())
  while (stanza.name !== 'message') stanza = parseElement(await frames.next())
  assert.equal(stanza.attr('from'), 'localhost')
  frames.close()
})
