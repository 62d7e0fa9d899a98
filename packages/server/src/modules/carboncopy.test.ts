import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, CarbonsDisable, CarbonsEnable, Iq, Message, parseCarbon } from '@meerkat/protocol'
import { type Element, parseElement, text } from '@meerkat/xml'
import { DROP, type ModuleDeclaration, userSend } from '../core/module.ts'
import { type Device, story } from '../testing/story.ts'
import carboncopy from './carboncopy.ts'
import messages from './messages.ts'

type Context = Parameters<typeof story>[0]

const ROMEO = 'romeo@example.com'
const JULIET = 'juliet@example.com'

const chat = (to: string, ...extra: string[]) =>
  Message({ to, type: 'chat', id: 'm1' }, Body({}, 'Hi'), ...extra.map((xml) => parseElement(xml)))

/** What a device got: `message` for the message itself, `sent` or `received` for a copy. */
function seen(device: Device): string[] {
  return device.take().map((stanza) => parseCarbon(stanza, device.jid.bare.toString())?.direction ?? stanza.name)
}

/** Romeo at home and in the orchard, both with carbons, and in the street without; Juliet on her balcony and in her chamber, both with carbons. */
async function verona(t: Context, modules: ModuleDeclaration[] = []) {
  const scene = await story(t, {
    modules: [[messages], [carboncopy], ...modules.map((module) => [module] as const)],
    users: ['romeo/home', 'romeo/orchard', 'romeo/street', 'juliet/balcony', 'juliet/chamber'],
  })
  const device = (name: string) => scene.device(name)
  const [home, orchard, street] = [device('romeo/home'), device('romeo/orchard'), device('romeo/street')]
  const [balcony, chamber] = [device('juliet/balcony'), device('juliet/chamber')]
  for (const each of [home, orchard, balcony, chamber]) await enable(each)
  const available = (each: Device, priority: number) =>
    scene.kernel.directory.setPresence(each.session, undefined, priority)
  return { scene, home, orchard, street, balcony, chamber, available }
}

async function enable(device: Device): Promise<void> {
  assert.equal((await device.request(Iq({ type: 'set' }, CarbonsEnable()))).attr('type'), 'result')
}

describe('XEP-0280 §7: received messages', () => {
  it('are copied to the resources that did not get them', async (t) => {
    const { home, orchard, street, balcony, chamber } = await verona(t)
    await balcony.send(chat(`${ROMEO}/home`))
    assert.deepEqual([home, orchard, street, balcony, chamber].map(seen), [['message'], ['received'], [], [], ['sent']])
  })

  it('to the bare JID are copied past those of the highest priority', async (t) => {
    const { home, orchard, street, balcony, available } = await verona(t)
    available(home, 5)
    available(orchard, 1)
    available(street, 1)
    await balcony.send(chat(ROMEO))
    assert.deepEqual([home, orchard, street].map(seen), [['message'], ['received'], []])
  })

  it('carry the message as it arrived', async (t) => {
    const { orchard, balcony } = await verona(t)
    await balcony.send(chat(`${ROMEO}/home`))
    const { message } = parseCarbon(orchard.take()[0]!, ROMEO)!
    assert.deepEqual(
      [message.attr('from'), message.attr('to'), text(Body.in(message))],
      [`${JULIET}/balcony`, `${ROMEO}/home`, 'Hi'],
    )
  })
})

describe('XEP-0280 §8: sent messages', () => {
  it("are copied to the sender's other resources, once, and never to the sender", async (t) => {
    const { home, orchard, street } = await verona(t)
    await home.send(chat(`${JULIET}/balcony`))
    assert.deepEqual([home, orchard, street].map(seen), [[], ['sent'], []])
  })

  it('to oneself arrive once on each device', async (t) => {
    const { home, orchard, street } = await verona(t)
    await home.send(chat(`${ROMEO}/street`))
    assert.deepEqual([home, orchard, street].map(seen), [[], ['sent'], ['message']])
  })

  it('that a filter drops are not copied', async (t) => {
    const dropping: ModuleDeclaration = {
      key: 'mod_dropping',
      summary: 'Drops messages.',
      specs: [],
      start: () => ({ hooks: [userSend.on(({ stanza }) => (stanza.name === 'message' ? DROP : undefined))] }),
    }
    const { home, orchard } = await verona(t, [dropping])
    await home.send(chat(`${JULIET}/balcony`))
    assert.deepEqual(seen(orchard), [])
  })
})

describe('XEP-0280 §6.1 and S55: which messages are copied', () => {
  const invitation = `<x xmlns='http://jabber.org/protocol/muc#user'><invite from='x@example.com'/></x>`
  const roomWord = `<x xmlns='http://jabber.org/protocol/muc#user'/>`
  const message = (type: string | undefined, ...children: (string | Element)[]) =>
    Message(
      { to: `${ROMEO}/home`, type },
      ...children.map((child) => (typeof child === 'string' ? parseElement(child) : child)),
    )
  const cases: [what: string, stanza: Element, copied: boolean][] = [
    ['chat without body', message('chat'), true],
    ['normal with body', message(undefined, Body({}, 'Hi')), true],
    ['normal without body', message('normal'), false],
    ['a receipt', message('normal', `<received xmlns='urn:xmpp:receipts' id='1'/>`), true],
    ['a chat state', message('normal', `<composing xmlns='http://jabber.org/protocol/chatstates'/>`), true],
    ['a headline', message('headline', Body({}, 'Hi')), false],
    ['an error', message('error', Body({}, 'Hi')), false],
    ['a private message of a room', message('chat', Body({}, 'Hi'), roomWord), false],
    ['an invitation to a room', message('normal', invitation), true],
    ['a direct invitation', message('normal', `<x xmlns='jabber:x:conference' jid='r@c'/>`), true],
    ['private', message('chat', Body({}, 'Hi'), `<private xmlns='urn:xmpp:carbons:2'/>`), false],
    ['no-copy', message('chat', Body({}, 'Hi'), `<no-copy xmlns='urn:xmpp:hints'/>`), false],
  ]
  for (const [what, stanza, copied] of cases) {
    it(`${what}: ${copied ? 'copied' : 'not copied'}`, async (t) => {
      const { orchard, balcony } = await verona(t)
      await balcony.send(stanza)
      assert.deepEqual(seen(orchard), copied ? ['received'] : [])
    })
  }

  it('§10: the recipient does not see <private/>', async (t) => {
    const { home, balcony } = await verona(t)
    await balcony.send(chat(`${ROMEO}/home`, `<private xmlns='urn:xmpp:carbons:2'/>`))
    assert.deepEqual(
      home
        .take()[0]!
        .elements()
        .map(({ name }) => name),
      ['body'],
    )
  })
})

describe('XEP-0280 §4, §5 and §9: switching', () => {
  it('twice is as good as once, and off is off', async (t) => {
    const { home, orchard, balcony } = await verona(t)
    await enable(orchard)
    await balcony.send(chat(`${ROMEO}/home`))
    assert.deepEqual(seen(orchard), ['received'])
    for (let i = 0; i < 2; i++) await orchard.request(Iq({ type: 'set' }, CarbonsDisable()))
    await balcony.send(chat(`${ROMEO}/home`))
    assert.deepEqual([seen(orchard), seen(home)], [[], ['message', 'message']])
  })

  it('S54: what looks like a copy of somebody else is an ordinary message', async (t) => {
    const { home, balcony } = await verona(t)
    const forged = `<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='nurse@example.com'><body>Lies</body></message></forwarded></received>`
    await balcony.send(chat(`${ROMEO}/home`, forged))
    assert.equal(home.received[0]!.attr('from'), `${JULIET}/balcony`)
    assert.deepEqual(seen(home), ['message'])
  })

  it('goes on when the module is taken away', async (t) => {
    const { scene, home, orchard, balcony } = await verona(t)
    await scene.kernel.modules.stop(scene.host, 'mod_carboncopy')
    await balcony.send(chat(`${ROMEO}/home`))
    assert.deepEqual([seen(home), seen(orchard)], [['message'], []])
  })
})
