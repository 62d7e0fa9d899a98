import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Iq, RegisterQuery, buildRegister, errorCondition, parseJid, parseRegister } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { StanzaError } from '@meerkat/protocol'
import type { Kernel } from '../../core/kernel.ts'
import { featuresBeforeLogin, generalKey, requestBeforeLogin, type Stranger } from '../../core/module.ts'
import messages from '../messages.ts'
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

  it('bad-request and jid-malformed for what is missing or impossible', async (t) => {
    const scene = await story(t, { modules: [[register]] })
    await assert.rejects(ask(scene, set(fields('', 'x'))), refused('bad-request'))
    await assert.rejects(ask(scene, set(fields('bill', ''))), refused('bad-request'))
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
    assert.match(text(Body.in(juliet.take()[0]!)), /bill@example.com has just registered from 127.0.0.1/)
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

  it('entropy is length times the bits of the classes that occur', () => {
    assert.equal(passwordEntropy(''), 0)
    assert.equal(passwordEntropy('1234'), 4 * Math.log2(9))
    assert.equal(passwordEntropy('aB3!'), 4 * Math.log2(26 + 26 + 9 + 33))
    assert.equal(passwordEntropy('ü'), Math.log2(128))
  })
})
