import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Body,
  Iq,
  Presence,
  PrivateQuery,
  RegisterQuery,
  StanzaError,
  Subject,
  buildRegister,
  errorCondition,
  formatDateTime,
  parseJid,
  parseRegister,
} from '@meerkat/protocol'
import { parseElement, text } from '@meerkat/xml'
import type { Kernel } from '../../core/kernel.ts'
import { featuresBeforeLogin, generalKey, requestBeforeLogin, type Stranger, userReceive } from '../../core/module.ts'
import { sectionSchema } from '../../core/settings.ts'
import messages from '../messages.ts'
import offline from '../offline/index.ts'
import presence from '../presence/index.ts'
import privateStorage from '../private.ts'
import { type Story, settle, story } from '../../testing/story.ts'
import register from './index.ts'
import { ipRules } from './ip-rules.ts'
import { passwordEntropy } from './password-strength.ts'

const DOMAIN = 'example.com'
const stranger: Stranger = { domain: DOMAIN, ip: '127.0.0.1', encrypted: true }

const fields = (username: string, password: string) =>
  buildRegister({ fields: new Map(Object.entries({ username, password })) })
const set = (query = fields('bill', 'Calliope')) => Iq({ type: 'set', id: 'reg2' }, query)
const ask = async (scene: Story, iq = set(), who = stranger) => scene.host.hooks.first(requestBeforeLogin, iq, who)
const refused = (condition: string) => (error: unknown) => error instanceof StanzaError && error.condition === condition
const exists = async (scene: Story, user: string) => scene.host.accounts.exists(parseJid(user))

describe('XEP-0077 §3.1: registering before login', () => {
  it('is offered as a stream feature', async (t) => {
    const scene = await story(t, { modules: [[register]] })
    const features = await scene.host.hooks.fold(featuresBeforeLogin, [], DOMAIN)
    assert.deepEqual(
      features.map(({ ns }) => ns),
      ['http://jabber.org/features/iq-register'],
    )
  })

  it('asks for a username and a password', async (t) => {
    const scene = await story(t, { modules: [[register]] })
    const answer = await ask(scene, Iq({ type: 'get', id: 'reg1' }, RegisterQuery()))
    assert.deepEqual([...parseRegister(RegisterQuery.in(answer!)!).fields.keys()], ['username', 'password'])
  })

  it('makes the account', async (t) => {
    const scene = await story(t, { modules: [[register]] })
    const answer = await ask(scene)
    assert.deepEqual([answer!.attr('type'), answer!.attr('id')], ['result', 'reg2'])
    assert.equal(await exists(scene, `bill@${DOMAIN}`), true)
  })

  it('§3.1.1: conflict for a name that is taken, and another try is not held back', async (t) => {
    const scene = await story(t, { modules: [[register]], absent: ['bill'] })
    await assert.rejects(ask(scene), refused('conflict'))
    await ask(scene, set(fields('bob', 'Calliope')))
  })

  it('not-acceptable and jid-malformed for what is missing or impossible', async (t) => {
    const scene = await story(t, { modules: [[register]] })
    await assert.rejects(ask(scene, set(fields('', 'x'))), refused('not-acceptable'))
    await assert.rejects(ask(scene, set(fields('bill', ''))), refused('not-acceptable'))
    await assert.rejects(ask(scene, set(RegisterQuery())), refused('not-acceptable'))
    await assert.rejects(ask(scene, set(fields('bi@ll', 'x'))), refused('jid-malformed'))
  })

  it('forbidden by the access rule, and by address', async (t) => {
    const scene = await story(t, { modules: [[register, { access: 'register' }]], access: { register: 'deny' } })
    await assert.rejects(ask(scene), refused('forbidden'))
    const ip_access = [
      { address: '127.0.0.0/8', policy: 'allow' },
      { address: '0.0.0.0/0', policy: 'deny' },
    ]
    const local = await story(t, { modules: [[register, { ip_access }]] })
    await assert.rejects(ask(local, set(), { ...stranger, ip: '198.51.100.7' }), refused('forbidden'))
    await ask(local, set(), { ...stranger, ip: '::ffff:127.0.0.1' })
  })

  it('S44: an address registers one account in registration_timeout', async (t) => {
    const scene = await story(t, { modules: [[register]] })
    await ask(scene)
    await assert.rejects(ask(scene, set(fields('bob', 'x'))), refused('resource-constraint'))
    await ask(scene, set(fields('carol', 'x')), { ...stranger, ip: '192.0.2.9' })
    await scene.wait(601)
    await ask(scene, set(fields('bob', 'x')))
  })

  it('S44: all addresses of a network of IPv6 are one', async (t) => {
    const scene = await story(t, { modules: [[register]] })
    await ask(scene, set(), { ...stranger, ip: '2001:db8:0:1::1' })
    const again = ask(scene, set(fields('bob', 'x')), { ...stranger, ip: '2001:db8:0:1:ffff::2' })
    await assert.rejects(again, refused('resource-constraint'))
    await ask(scene, set(fields('bob', 'x')), { ...stranger, ip: '2001:db8:0:2::1' })
  })

  it('S44: names are not tried out without end', async (t) => {
    const scene = await story(t, { modules: [[register]], absent: ['bill'] })
    for (let i = 0; i < 20; i++) await assert.rejects(ask(scene), refused('conflict'))
    await assert.rejects(ask(scene, set(fields('bob', 'x'))), refused('resource-constraint'))
    await scene.wait(601)
    await ask(scene, set(fields('bob', 'x')))
  })

  it('S44: two at once from an address make one account', async (t) => {
    const scene = await story(t, { modules: [[register]] })
    const both = await Promise.allSettled([ask(scene), ask(scene, set(fields('bob', 'x')))])
    assert.deepEqual(
      both.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
  })

  it('§3.2: unexpected-request for a removal', async (t) => {
    const scene = await story(t, { modules: [[register]] })
    await assert.rejects(ask(scene, set(buildRegister({ remove: true }))), refused('unexpected-request'))
  })

  it('and as many as it likes when the timeout is infinity', async (t) => {
    const prepare = (kernel: Kernel): void =>
      kernel.share(generalKey, { registration_timeout: Infinity, language: 'en' })
    const scene = await story(t, { modules: [[register]], prepare })
    for (const name of ['bill', 'bob', 'carol']) await ask(scene, set(fields(name, 'x')))
  })

  it('not-acceptable for a weak password', async (t) => {
    const scene = await story(t, { modules: [[register, { password_strength: 60 }]] })
    await assert.rejects(ask(scene, set(fields('bill', 'abc'))), refused('not-acceptable'))
    assert.equal(await exists(scene, `bill@${DOMAIN}`), false)
  })

  it('welcomes the user and tells the watchers', async (t) => {
    const config = { welcome_message: { subject: 'Hi', body: 'Welcome!' }, registration_watchers: [`juliet@${DOMAIN}`] }
    const scene = await story(t, { modules: [[register, config], [messages]], users: ['juliet'] })
    const juliet = scene.device('juliet')
    scene.kernel.directory.setPresence(juliet.session, undefined, 0)
    await ask(scene)
    await settle()
    const news = `[${formatDateTime(scene.clock.now() * 1000, 0)}] The account bill@example.com was registered from IP address 127.0.0.1 on node ${scene.kernel.node} using mod_register.`
    assert.equal(text(Body.in(juliet.take()[0]!)), news)
  })

  it('the welcome waits for the user', async (t) => {
    const config = { welcome_message: { subject: 'Hi', body: 'Welcome!' } }
    const scene = await story(t, { modules: [[register, config], [messages], [presence], [offline]] })
    await ask(scene)
    const bill = scene.connect('bill')
    await bill.send(Presence())
    const welcome = bill.take().find(({ name }) => name === 'message')!
    assert.deepEqual(
      [welcome.attr('from'), text(Subject.in(welcome)), text(Body.in(welcome))],
      [DOMAIN, 'Hi', 'Welcome!'],
    )
  })

  it('an account whose welcome fails is made all the same', async (t) => {
    const config = { registration_watchers: [`juliet@${DOMAIN}`] }
    const scene = await story(t, { modules: [[register, config], [messages]], users: ['juliet'] })
    scene.host.hooks.add(
      'test',
      userReceive.on(() => assert.fail('no room')),
    )
    assert.equal((await ask(scene))!.attr('type'), 'result')
    assert.equal(await exists(scene, `bill@${DOMAIN}`), true)
  })
})

describe('XEP-0077 on a session', () => {
  it('§3.1: tells that the user is registered', async (t) => {
    const scene = await story(t, { modules: [[register]], users: ['bill'] })
    const answer = await scene.device('bill').request(Iq({ type: 'get', to: DOMAIN }, RegisterQuery()))
    const { registered, fields } = parseRegister(RegisterQuery.in(answer)!)
    assert.deepEqual([registered, fields.get('username')], [true, 'bill'])
  })

  it("§3.3: changes the user's own password, and nobody else's", async (t) => {
    const scene = await story(t, { modules: [[register]], users: ['bill'], absent: ['bob'] })
    const bill = scene.device('bill')
    assert.equal((await bill.request(set(fields('bill', 'new')).with({ to: DOMAIN }))).attr('type'), 'result')
    assert.equal(await scene.host.accounts.checkPassword(bill.jid, 'new'), true)
    assert.equal(errorCondition(await bill.request(set(fields('bob', 'new')).with({ to: DOMAIN }))), 'not-allowed')
  })

  it('§3.2: removes the account, and ends its sessions after the answer', async (t) => {
    const scene = await story(t, { modules: [[register]], users: ['bill/1', 'bill/2'] })
    const bill = scene.device('bill/1')
    const answer = await bill.request(set(buildRegister({ remove: true })).with({ to: DOMAIN }))
    assert.equal(answer.attr('type'), 'result')
    await scene.wait(1)
    assert.equal(await exists(scene, `bill@${DOMAIN}`), false)
    assert.deepEqual(
      [bill.closedWith?.condition, scene.device('bill/2').closedWith?.condition],
      ['not-authorized', 'not-authorized'],
    )
  })

  it('§3.2 and §3.3: without an address, too, and not at anybody else', async (t) => {
    const scene = await story(t, { modules: [[register]], users: ['bill', 'bob'] })
    const bill = scene.device('bill')
    const theirs = set(fields('bill', 'new')).with({ to: `bob@${DOMAIN}` })
    assert.equal(errorCondition(await bill.request(theirs)), 'forbidden')
    assert.equal((await bill.request(set(fields('bill', 'new')))).attr('type'), 'result')
    assert.equal(await scene.host.accounts.checkPassword(bill.jid, 'new'), true)
    const answer = await bill.request(Iq({ type: 'get' }, RegisterQuery()))
    assert.equal(parseRegister(RegisterQuery.in(answer)!).registered, true)
    assert.equal((await bill.request(set(buildRegister({ remove: true })))).attr('type'), 'result')
    assert.deepEqual([await exists(scene, `bill@${DOMAIN}`), await exists(scene, `bob@${DOMAIN}`)], [false, true])
  })

  it('§3.3: an incomplete or weak password changes nothing', async (t) => {
    const scene = await story(t, { modules: [[register, { password_strength: 60 }]], users: ['bill'] })
    const bill = scene.device('bill')
    const change = async (query: Parameters<typeof set>[0]) => errorCondition(await bill.request(set(query)))
    assert.equal(await change(fields('bill', '')), 'bad-request')
    assert.equal(await change(fields('', 'Calliope123456')), 'bad-request')
    assert.equal(await change(fields('bill', 'abc')), 'not-acceptable')
    assert.equal(await change(fields('bill', 'Calliope123456')), undefined)
  })

  it('MongooseIM: the access rule is for changes and removals, too', async (t) => {
    const options = { modules: [[register, { access: 'register' }]], access: { register: 'deny' } } as const
    const scene = await story(t, { ...options, users: ['bill'] })
    const bill = scene.device('bill')
    assert.equal(errorCondition(await bill.request(set(fields('bill', 'new')))), 'forbidden')
    assert.equal(errorCondition(await bill.request(set(buildRegister({ remove: true })))), 'not-allowed')
    assert.equal(await exists(scene, `bill@${DOMAIN}`), true)
  })

  it('§3.2: registration-required for who has no account', async (t) => {
    const scene = await story(t, { modules: [[register]], users: ['guest'] })
    const guest = scene.device('guest')
    await scene.host.accounts.remove(guest.jid.bare, [])
    assert.equal(errorCondition(await guest.request(set(buildRegister({ remove: true })))), 'registration-required')
  })

  it('§3.2: removes all that other modules keep', async (t) => {
    const scene = await story(t, { modules: [[register], [privateStorage]], users: ['bill'] })
    const bill = scene.device('bill')
    await bill.request(Iq({ type: 'set' }, PrivateQuery({}, parseElement(`<exodus xmlns='exodus:prefs'/>`))))
    assert.equal(await scene.host.stores.keyedSet('private').count(`bill@${DOMAIN}`), 1)
    await bill.request(set(buildRegister({ remove: true })))
    assert.equal(await scene.host.stores.keyedSet('private').count(`bill@${DOMAIN}`), 0)
  })

  it('§3.2: <remove/> stands alone', async (t) => {
    const scene = await story(t, { modules: [[register]], users: ['bill'] })
    const query = buildRegister({ remove: true, fields: new Map([['username', 'bob']]) })
    assert.equal(errorCondition(await scene.device('bill').request(set(query).with({ to: DOMAIN }))), 'bad-request')
  })
})

describe('addresses and passwords', () => {
  it('the first entry that covers an address decides', () => {
    const may = ipRules([
      { address: '10.0.0.1', policy: 'deny' },
      { address: '10.0.0.0/8', policy: 'allow' },
      { address: '::/0', policy: 'deny' },
    ])
    assert.deepEqual(['10.0.0.1', '10.0.0.2', '192.0.2.1', '2001:db8::1'].map(may), [false, true, true, false])
    assert.throws(() => ipRules([{ address: '10.0.0.0/33', policy: 'deny' }]), RangeError)
    assert.throws(() => ipRules([{ address: 'localhost', policy: 'deny' }]), RangeError)
  })

  it('what is no address is refused with the configuration', () => {
    const read = (address: string) =>
      sectionSchema(register.config!, { folder: '.' }).safeParse({ ip_access: [{ address, policy: 'deny' }] })
    assert.deepEqual(
      ['192.0.2.0/24', '::1', '10.0.0.0/', '10.0.0.0/33', 'localhost'].map((address) => read(address).success),
      [true, true, false, false, false],
    )
    assert.match(read('localhost').error!.issues[0]!.message, /wants an address or a network/)
  })

  it('entropy is length times the bits of the classes that occur', () => {
    assert.equal(passwordEntropy(''), 0)
    assert.equal(passwordEntropy('1234'), 4 * Math.log2(9))
    assert.equal(passwordEntropy('aB3!'), 4 * Math.log2(26 + 26 + 9 + 33))
    assert.equal(passwordEntropy('ü'), Math.log2(128))
  })
})
