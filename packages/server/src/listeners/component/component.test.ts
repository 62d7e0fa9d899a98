import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { Body, DiscoItems, Iq, Message, Presence, parseJid } from '@meerkat/protocol'
import { type Element, tag, text } from '@meerkat/xml'
import { generate } from 'selfsigned'
import disco from '../../modules/disco.ts'
import mam from '../../modules/mam/index.ts'
import messages from '../../modules/messages.ts'
import presence from '../../modules/presence/index.ts'
import roster from '../../modules/roster/index.ts'
import { type Story, settle, story } from '../../testing/story.ts'
import { header, listening } from './component.fixture.ts'

const modules = [[messages], [presence], [roster], [disco]] as const

/** Resolves when the condition holds: sockets have their own time. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await settle()
}

async function received(scene: Story, device: string, count = 1): Promise<Element[]> {
  const { received: all } = scene.device(device)
  await until(() => all.length >= count)
  return all.splice(0)
}

const error = (condition: string): RegExp =>
  new RegExp(`<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>.*</stream:stream>$`)

test('XEP-0114 §3: a component proves that it knows the secret, and stanzas go both ways', async (t) => {
  const scene = await story(t, { modules, users: ['juliet'] })
  const { component } = await listening(t, scene)
  const irc = component()
  irc.say(header('irc.example.com'))
  await irc.hears(
    /^<\?xml version='1.0'\?><stream:stream xmlns='jabber:component:accept' [^>]*id='[0-9a-f]{32}' from='irc\.example\.com'/,
  )
  assert.doesNotMatch(irc.heard, /version='1.0' |features/)
  const joined = await component().join('irc2.example.com')
  joined.say(
    `<message from='nurse@irc2.example.com/x' to='juliet@example.com/1' type='chat'><body>Madam</body></message>`,
  )
  const [message] = await received(scene, 'juliet')
  assert.equal(message?.ns, 'jabber:client')
  assert.equal(text(Body.in(message)), 'Madam')
  assert.equal(message?.attr('from'), 'nurse@irc2.example.com/x')

  const juliet = scene.device('juliet')
  await juliet.send(Message({ to: 'nurse@irc2.example.com', type: 'chat' }, Body({}, 'Anon')))
  await joined.hears(
    /<message to='nurse@irc2\.example\.com' type='chat' from='juliet@example\.com\/1'><body>Anon<\/body>/,
  )
  await juliet.send(Presence({ to: 'room@irc2.example.com/juliet' }))
  await joined.hears(/<presence to='room@irc2\.example\.com\/juliet' from='juliet@example\.com\/1'\/>/)
  await juliet.send(Iq({ type: 'get', id: 'q', to: 'irc2.example.com' }, tag('urn:x', 'x')()))
  await joined.hears(/<iq [^>]*id='q'/)
  joined.say(`<iq type='result' id='q' from='irc2.example.com' to='juliet@example.com/1'><x xmlns='urn:x'/></iq>`)
  const [answer] = await received(scene, 'juliet')
  assert.equal(answer?.attr('type'), 'result')
})

test('XEP-0114 §3: components ask the server, and talk to each other', async (t) => {
  const scene = await story(t, { modules, users: ['juliet'] })
  const { component } = await listening(t, scene)
  const one = await component().join('one.example.com')
  const two = await component().join('two.example.com')
  one.say(
    `<iq type='get' id='d' from='one.example.com' to='example.com'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  )
  await one.hears(/<iq type='result' id='d' from='example\.com' to='one\.example\.com'>/)
  one.say(`<message from='a@one.example.com' to='b@two.example.com'><body>x</body></message>`)
  await two.hears(/<message from='a@one\.example\.com' to='b@two\.example\.com'><body>x<\/body>/)
  one.say(`<message from='a@one.example.com' to='nobody@example.com' id='n'><body>x</body></message>`)
  await one.hears(
    /<message type='error' id='n' from='nobody@example\.com' to='a@one\.example\.com'>.*service-unavailable/,
  )
})

test('XEP-0114 §3: subscriptions and presence go both ways', async (t) => {
  const scene = await story(t, { modules, users: ['juliet'] })
  const { component } = await listening(t, scene)
  const irc = await component().join('irc.example.com')
  const juliet = scene.device('juliet')
  await juliet.send(Presence())
  juliet.take()
  await juliet.send(Presence({ to: 'romeo@irc.example.com', type: 'subscribe' }))
  await irc.hears(/<presence [^>]*type='subscribe'/)
  irc.say(`<presence from='romeo@irc.example.com' to='juliet@example.com' type='subscribed'/>`)
  irc.say(`<presence from='romeo@irc.example.com/pda' to='juliet@example.com'/>`)
  await until(() => juliet.received.some((stanza) => stanza.attr('from') === 'romeo@irc.example.com/pda'))
  await juliet.send(Presence({ to: 'room@irc.example.com/juliet' }))
  await juliet.disconnect()
  await irc.hears(/<presence [^>]*type='unavailable'[^>]*>/)
  assert.match(
    irc.heard,
    /to='room@irc\.example\.com\/juliet'[^>]*type='unavailable'|type='unavailable'[^>]*to='room@irc/,
  )
})

test('XEP-0114 §3: a wrong secret ends the stream with not-authorized (S70)', async (t) => {
  const scene = await story(t, { modules })
  const { component, components } = await listening(t, scene)
  assert.match(await (await component().prove('irc.example.com', 'wrong')).ends(), error('not-authorized'))
  const short = component().say(`${header('irc.example.com')}<handshake>abc</handshake>`)
  assert.match(await short.ends(), /<not-authorized [^>]*>.*Invalid handshake/)
  assert.equal(components.failures, 2)
  assert.equal(components.size, 0)
  assert.match(scene.kernel.metrics.text(), /component_auth_failed_count 2/)
})

test('S18: a component that has not proved itself may say nothing else', async (t) => {
  const scene = await story(t, { modules, users: ['juliet'] })
  const { component } = await listening(t, scene)
  const early = `<message from='a@irc.example.com' to='juliet@example.com/1'><body>x</body></message>`
  assert.match(
    await component()
      .say(header('irc.example.com') + early)
      .ends(),
    error('not-authorized'),
  )
  assert.deepEqual(scene.device('juliet').take(), [])
})

test('XEP-0114 §3: streams that are none get the error that names what is wrong (S17)', async (t) => {
  const { component } = await listening(t, await story(t, { modules }))
  const cases = [
    [header('irc.example.com').replace('component:accept', 'client'), 'invalid-namespace'],
    [header('@'), 'host-unknown'],
    [header('juliet@example.com'), 'host-unknown'],
    [header('x').replace(" to='x'", ''), 'host-unknown'],
    [`${header('irc.example.com')}<a>&bad;</a>`, 'restricted-xml'],
    [`${header('irc.example.com')}<a></b>`, 'not-well-formed'],
  ] as const
  for (const [words, condition] of cases)
    assert.match(await component().say(words).ends(), new RegExp(`<${condition} `))
})

test('S5: a component that has not proved itself has little room, one that has, its own limit (S6)', async (t) => {
  const scene = await story(t, { modules })
  const { component } = await listening(t, scene, {
    afterLogin: { stanzaBytes: 20_000, depth: 64, elements: 100, attributes: 16 },
  })
  const open = component().say(`${header('irc.example.com')}<handshake>${'a'.repeat(9000)}`)
  assert.match(await open.ends(), error('policy-violation'))
  const joined = await component().join('irc.example.com')
  joined.say(`<message from='irc.example.com' to='example.com' id='m'><body>${'b'.repeat(15_000)}</body></message>`)
  await joined.hears(/id='m'/)
  joined.say(`<message from='irc.example.com' to='example.com'><body>${'b'.repeat(25_000)}`)
  assert.match(await joined.ends(), error('policy-violation'))
  await until(() => scene.kernel.hosts.service('irc.example.com') === undefined)
})

test('S10: a component that does not prove itself in time is closed', async (t) => {
  const scene = await story(t, { modules })
  const { component } = await listening(t, scene)
  const slow = component().say(header('irc.example.com'))
  await slow.hears(/ id=/)
  await scene.wait(31)
  assert.match(await slow.ends(), error('connection-timeout'))
})

test('S9: only so many strangers of one address, and only so many connections', async (t) => {
  const { component } = await listening(t, await story(t, { modules }), {
    maxUnauthenticatedPerIp: 2,
    maxConnections: 3,
  })
  const one = await component().join('one.example.com')
  const waiting = [component().say(header('a.example.com')), component().say(header('b.example.com'))]
  for (const each of waiting) await each.hears(/ id=/)
  assert.equal(await component().say(header('c.example.com')).ends(), '')
  waiting[0]!.socket.destroy()
  assert.equal(one.closed, false)
})

test('S36: an address that guesses secrets may not try for a while', async (t) => {
  const { component } = await listening(t, await story(t, { modules }), { maxFailuresPerIp: 3 })
  for (let i = 0; i < 3; i++) await (await component().prove('irc.example.com', `guess ${i}`)).ends()
  assert.match(await (await component().prove('irc.example.com')).ends(), /<policy-violation /)
})

test('S70: two components for one domain: the second goes, or with kick_old the first', async (t) => {
  const scene = await story(t, { modules, users: ['juliet'] })
  const { component } = await listening(t, scene)
  const first = await component().join('irc.example.com')
  assert.match(await (await component().prove('irc.example.com')).ends(), error('conflict'))
  assert.equal(first.closed, false)

  const { component: kicking } = await listening(t, scene, { conflict: 'kick_old' })
  const old = await kicking().join('sms.example.com')
  const heir = await kicking().join('sms.example.com')
  assert.match(await old.ends(), /<conflict /)
  await scene.device('juliet').send(Message({ to: 'sms.example.com' }, Body({}, 'x')))
  await heir.hears(/<body>x<\/body>/)
})

test("S70: a domain of the server's own, or of a module, is nobody's to take", async (t) => {
  const scene = await story(t, { modules })
  const { component } = await listening(t, scene, { conflict: 'kick_old' })
  assert.match(await (await component().prove('example.com')).ends(), error('conflict'))
  scene.kernel.hosts.addService('vjud.example.com', () => undefined)
  assert.match(await (await component().prove('vjud.example.com')).ends(), error('conflict'))
})

test('S70: a component sends as its own domain only, unless check_from is off', async (t) => {
  const scene = await story(t, { modules, users: ['juliet'] })
  const { component, components } = await listening(t, scene)
  const irc = await component().join('irc.example.com')
  const forged = (id: string, from: string): string =>
    `<message id='${id}' to='juliet@example.com/1'${from}><body>give me your purse</body></message>`
  const froms = ['juliet@example.com', 'example.com', 'x@notirc.example.com', 'irc.example.com.evil', '@', '']
  for (const [i, from] of froms.entries()) {
    irc.say(forged(`f${i}`, from === '' ? '' : ` from='${from}'`))
    await irc.hears(new RegExp(`<message type='error' id='f${i}'.*<bad-request `))
  }
  assert.deepEqual(scene.device('juliet').take(), [])

  const { component: trusted } = await listening(t, scene, { checkFrom: false }, components)
  const gateway = await trusted().join('gateway.example.com')
  gateway.say(forged('ok', ` from='romeo@example.net'`))
  const [message] = await received(scene, 'juliet')
  assert.equal(message?.attr('from'), 'romeo@example.net')
})

test("S61, S56: a component reads no user's archive and no roster, and changes neither", async (t) => {
  const scene = await story(t, {
    modules: [...modules, [mam, { pm: { user_prefs_store: 'rdbms' } }]],
    users: ['juliet', 'romeo'],
    access: { mam_lookup_messages: 'default', mam_set_prefs: 'default' },
  })
  const { component } = await listening(t, scene)
  const irc = await component().join('irc.example.com')
  await scene.device('romeo').send(Message({ to: 'juliet@example.com/1', type: 'chat' }, Body({}, 'our secret')))
  await received(scene, 'juliet')
  const asked = [
    `<query xmlns='urn:xmpp:mam:2'/>`,
    `<prefs xmlns='urn:xmpp:mam:2' default='never'/>`,
    `<query xmlns='jabber:iq:roster'><item jid='x@irc.example.com'/></query>`,
  ]
  for (const [i, payload] of asked.entries()) {
    irc.say(`<iq type='set' id='own${i}' from='x@irc.example.com' to='juliet@example.com'>${payload}</iq>`)
    await irc.hears(new RegExp(`<iq type='error' id='own${i}' .*<forbidden `))
  }
  assert.doesNotMatch(irc.heard, /our secret/)
  assert.deepEqual(scene.device('juliet').take(), [])
})

test('RFC 6120 §8.2.3: what is no stanza, or has no good address, is refused with bad-request; errors are not (S58, S59)', async (t) => {
  const { component } = await listening(t, await story(t, { modules }))
  const irc = await component().join('irc.example.com')
  irc.say(`<message id='1' from='irc.example.com'/>`)
  await irc.hears(/<message type='error' id='1'.*bad-request/)
  irc.say(`<message id='2' from='irc.example.com' to='@'/>`)
  await irc.hears(/<message type='error' id='2'.*bad-request/)
  irc.say(`<iq type='get' from='irc.example.com' to='example.com' id='3'/>`)
  await irc.hears(/<iq type='error' id='3'.*bad-request/)
  irc.say(`<enable xmlns='urn:xmpp:sm:3' id='4'/>`)
  await irc.hears(/<enable [^>]*type='error' id='4'.*bad-request/)
  irc.heard = ''
  irc.say(`<message type='error' id='5' from='@' to='@'/><message id='6' from='irc.example.com'/>`)
  await irc.hears(/id='6'/)
  assert.doesNotMatch(irc.heard, /id='5'/)
})

test('XEP-0030 §4: the server lists components, unless they are hidden and people may not see that', async (t) => {
  const items = async (scene: Story): Promise<string[]> => {
    const answer = await scene.device('juliet').request(Iq({ type: 'get', to: 'example.com' }, DiscoItems()))
    return DiscoItems.in(answer)!
      .elements()
      .map((item) => item.attr('jid')!)
  }
  const config = { users_can_see_hidden_services: false }
  const scene = await story(t, { modules: [[messages], [disco, config]], users: ['juliet'] })
  const { component } = await listening(t, scene)
  const irc = await component().join('irc.example.com')
  await component().join('irc.example.net')
  const { component: hidden } = await listening(t, scene, { hidden: true })
  await hidden().join('secret.example.com')
  assert.deepEqual(await items(scene), ['irc.example.com'])
  irc.say('</stream:stream>')
  await irc.ends()
  assert.deepEqual(await items(scene), [])
  await scene.reconfigure(disco, {})
  assert.deepEqual(await items(scene), ['secret.example.com'])
})

test('is_subdomain: a component serves its prefix at every domain of the server', async (t) => {
  const scene = await story(t, { modules, users: ['juliet'] })
  scene.kernel.hosts.addDomain('example.net', scene.host)
  const { component } = await listening(t, scene)
  const irc = await component().join('irc', ` is_subdomain='true'`)
  // One that comes later is no exception.
  scene.kernel.hosts.addDomain('example.org', scene.host)
  for (const domain of ['example.com', 'example.net', 'example.org']) {
    await scene.device('juliet').send(Message({ to: `x@irc.${domain}` }, Body({}, domain)))
    await irc.hears(new RegExp(`to='x@irc\\.${domain}'.*<body>${domain}</body>`))
    irc.say(`<message from='x@irc.${domain}' to='juliet@example.com/1'><body>y</body></message>`)
    assert.equal((await received(scene, 'juliet'))[0]?.attr('from'), `x@irc.${domain}`)
  }
})

test('access: who may not send to components is told so', async (t) => {
  const scene = await story(t, { modules, users: ['juliet'], access: { gateway: 'deny' } })
  const { component } = await listening(t, scene, { access: 'gateway' })
  const irc = await component().join('irc.example.com')
  await scene.device('juliet').send(Message({ to: 'irc.example.com', id: 'm' }, Body({}, 'x')))
  const [refusal] = await received(scene, 'juliet')
  assert.ok(
    refusal
      ?.elements()[0]
      ?.elements()
      .some(({ name }) => name === 'not-allowed'),
  )
  assert.equal(irc.heard, '')
})

/** A component that reads nothing, and enough messages to fill its socket. */
async function stuffed(t: Parameters<typeof story>[0], outboundBytes = 8_388_608) {
  const scene = await story(t, { modules, users: ['juliet'] })
  const { component, components, close } = await listening(t, scene, { outboundBytes })
  const irc = await component().join('irc.example.com')
  irc.socket.pause()
  const body = 'x'.repeat(100_000)
  const send = (id: string) => scene.device('juliet').send(Message({ to: 'irc.example.com', id }, Body({}, body)))
  return { scene, irc, components, send, close }
}

test('a component that goes leaves nothing silently: what it cannot have got is bounced to who sent it', async (t) => {
  const { scene, irc, components, send } = await stuffed(t)
  const COUNT = 100
  for (let i = 0; i < COUNT; i++) await send(`m${i}`)
  const { received: all } = scene.device('juliet')
  assert.equal(all.length, 0)
  irc.socket.destroy()
  await until(() => components.bounced > 0)
  await settle()
  const bounced = all.map((stanza) => stanza.attr('id'))
  assert.ok(bounced.length > 1 && bounced.length <= COUNT)
  // The oldest may have got there; from the first that cannot have, all come back, in order.
  assert.deepEqual(bounced, Array.from({ length: COUNT }, (_, i) => `m${i}`).slice(COUNT - bounced.length))
  const condition = all[0]!.elements()[0]!.elements()[0]!.name
  assert.equal(condition, 'service-unavailable')
  assert.match(scene.kernel.metrics.text(), new RegExp(`meerkat_component_stanzas_bounced ${bounced.length}\\n`))
  await send('late')
  assert.ok(
    all
      .at(-1)!
      .elements()[0]!
      .elements()
      .some(({ name }) => name === 'remote-server-not-found'),
  )
})

test('S52: a component that does not read costs a bounded queue, and senders are told; then it is given up', async (t) => {
  const { scene, irc, components, send } = await stuffed(t, 1_000_000)
  for (let i = 0; components.refused === 0; i++) await send(`m${i}`)
  const { received: all } = scene.device('juliet')
  assert.ok(
    all[0]!
      .elements()[0]!
      .elements()
      .some(({ name }) => name === 'resource-constraint'),
  )
  assert.equal(components.size, 1)
  assert.equal(irc.closed, false)
  await scene.wait(180)
  assert.equal(components.size, 0)
  assert.ok(components.bounced > 0)
  assert.equal(scene.kernel.counters.slowReadersClosed, 1)
})

test('what a component has read is not bounced when it goes', async (t) => {
  const scene = await story(t, { modules, users: ['juliet'] })
  const { component, components } = await listening(t, scene)
  const irc = await component().join('irc.example.com')
  for (let i = 0; i < 50; i++) await scene.device('juliet').send(Message({ to: 'irc.example.com' }, Body({}, `${i}.`)))
  await irc.hears(/49\./)
  irc.socket.destroy()
  await until(() => components.size === 0)
  await settle()
  assert.equal(components.bounced, 0)
  assert.deepEqual(scene.device('juliet').take(), [])
})

test('R20: a server that stops tells its components', async (t) => {
  const scene = await story(t, { modules })
  const { component, close } = await listening(t, scene)
  const irc = await component().join('irc.example.com')
  const closing = close()
  await irc.hears(/<system-shutdown /)
  irc.socket.end()
  await closing
})

const { private: key, cert } = await generate([{ name: 'commonName', value: 'example.com' }], { algorithm: 'sha256' })
const context = () => createSecureContext({ key, cert })

test('S27: where TLS is required no component proves itself in clear', async (t) => {
  const { component, components } = await listening(t, await story(t, { modules }), {
    tls: { mode: 'starttls_required', context },
  })
  assert.match(await (await component().prove('irc.example.com')).ends(), /<policy-violation .*STARTTLS required/)
  const early = component().say(`${header('irc.example.com')}<message from='irc.example.com' to='example.com'/>`)
  assert.match(await early.ends(), error('not-authorized'))
  assert.equal(components.size, 0)

  const secure = component().say(header('irc.example.com', " version='1.0'"))
  await secure.hears(/<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required\/>/)
  secure.say(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
  await secure.hears(/<proceed /)
  await secure.secure()
  await secure.join('irc.example.com', " version='1.0'")
  assert.equal(components.size, 1)
})

test('S20: what stands in clear behind <starttls/> ends the connection', async (t) => {
  const { component, components } = await listening(t, await story(t, { modules }), {
    tls: { mode: 'starttls', context },
  })
  const injecting = component().say(header('irc.example.com', " version='1.0'"))
  await injecting.hears(/starttls/)
  injecting.say(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><handshake>x</handshake>`)
  assert.doesNotMatch(await injecting.ends(), /proceed/)
  assert.equal(components.size, 0)
})

test('mod_domain_isolation and others see the home of a component', async (t) => {
  const scene = await story(t, { modules })
  const { component } = await listening(t, scene)
  await component().join('irc.example.com')
  assert.equal(scene.kernel.hosts.home(parseJid('x@irc.example.com').domain), 'example.com')
})

test('XEP-0114 over TLS from the first byte', async (t) => {
  const { component, components } = await listening(t, await story(t, { modules }), { tls: { mode: 'tls', context } })
  const irc = component()
  await irc.secure()
  await irc.join('irc.example.com')
  assert.equal(components.size, 1)
  // In clear nothing is answered.
  assert.doesNotMatch(await component().say(header('sms.example.com')).ends(), /stream/)
})

test('S25: behind a load balancer components begin with a PROXY header', async (t) => {
  const trustedProxy = (ip: string): boolean => ip === '127.0.0.1'
  const { component, components } = await listening(t, await story(t, { modules }), { trustedProxy })
  const irc = component().say('PROXY TCP4 192.0.2.7 192.0.2.1 40000 8888\r\n')
  await irc.join('irc.example.com')
  assert.equal(components.size, 1)
  assert.equal(await component().say(header('sms.example.com')).ends(), '')
})

test('a shaper is asked about every byte of a component', async (t) => {
  const scene = await story(t, { modules })
  let taken = 0
  const shaper = () => (bytes: number) => ((taken += bytes), 0)
  const { component } = await listening(t, scene, { shaper })
  const irc = await component().join('irc.example.com')
  const before = taken
  const stanza = `<message id='1' from='irc.example.com'/>`
  irc.say(stanza)
  await irc.hears(/bad-request/)
  assert.equal(taken - before, stanza.length)
})
