import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message, NoStoreHint, errorCondition } from '@meerkat/protocol'
import { type Element, parseElement, text } from '@meerkat/xml'
import { messageUndelivered, type ModuleDeclaration } from '../core/module.ts'
import { type Device, story } from '../testing/story.ts'
import messages from './messages.ts'

const DOMAIN = 'example.com'
const JULIET = `juliet@${DOMAIN}`

const chat = (to: string, type = 'chat') => Message({ to, type, id: 'm1' }, Body({}, 'Wherefore?'))
const bodies = (device: Device) => device.take().map((stanza) => text(Body.in(stanza)))

async function balcony(t: { after(end: () => Promise<void>): void }, modules: ModuleDeclaration[] = []) {
  const scene = await story(t, {
    modules: [[messages], ...modules.map((module) => [module] as const)],
    users: ['romeo', 'juliet/phone', 'juliet/desk'],
  })
  const presence = (name: string, priority: number) =>
    scene.kernel.directory.setPresence(scene.device(name).session, undefined, priority)
  return {
    scene,
    presence,
    romeo: scene.device('romeo'),
    phone: scene.device('juliet/phone'),
    desk: scene.device('juliet/desk'),
  }
}

describe('RFC 6121 §8.5.2: message to a bare JID', () => {
  it('goes to all resources of the highest non-negative priority', async (t) => {
    const { presence, romeo, phone, desk } = await balcony(t)
    presence('juliet/phone', 5)
    presence('juliet/desk', 1)
    await romeo.send(chat(JULIET))
    assert.deepEqual([bodies(phone), bodies(desk)], [['Wherefore?'], []])

    presence('juliet/desk', 5)
    await romeo.send(chat(JULIET, 'normal'))
    assert.deepEqual([bodies(phone), bodies(desk)], [['Wherefore?'], ['Wherefore?']])
  })

  it('comes back when only resources of negative priority, or without presence, are there', async (t) => {
    const { presence, romeo, phone } = await balcony(t)
    presence('juliet/phone', -1)
    await romeo.send(chat(JULIET))
    assert.deepEqual(phone.take(), [])
    const [error] = romeo.take()
    assert.equal(errorCondition(error!), 'service-unavailable')
    assert.equal(error!.attr('from'), JULIET)
  })

  it('XEP-0085 §5.1, XEP-0334 §4.2: what means nothing later does not come back', async (t) => {
    const { romeo } = await balcony(t)
    const composing = parseElement(`<composing xmlns='http://jabber.org/protocol/chatstates'/>`)
    const marker = parseElement(`<received xmlns='urn:xmpp:chat-markers:0' id='m0'/>`)
    const message = (...children: Element[]) => Message({ to: JULIET, type: 'chat' }, ...children)
    await romeo.send(message(composing))
    await romeo.send(message(composing, NoStoreHint()))
    await romeo.send(message(marker, NoStoreHint()))
    assert.deepEqual(romeo.take(), [])

    await romeo.send(message(Body({}, 'hey'), composing, NoStoreHint()))
    await romeo.send(message(marker))
    assert.deepEqual(romeo.take().map(errorCondition), ['service-unavailable', 'service-unavailable'])
  })

  it('reaches who takes care of undelivered messages', async (t) => {
    const taken: string[] = []
    const keeper = {
      key: 'mod_keeper',
      summary: 'Takes what nobody is there for.',
      specs: [],
      start: () => ({ hooks: [messageUndelivered.on((delivery) => taken.push(text(Body.in(delivery.stanza))) > 0)] }),
    }
    const { romeo } = await balcony(t, [keeper])
    await romeo.send(chat(JULIET))
    assert.deepEqual(taken, ['Wherefore?'])
    assert.deepEqual(romeo.take(), [])
  })

  it('a headline goes to all available resources, or nowhere', async (t) => {
    const { presence, romeo, phone, desk } = await balcony(t)
    await romeo.send(chat(JULIET, 'headline'))
    presence('juliet/phone', 0)
    presence('juliet/desk', 3)
    await romeo.send(chat(JULIET, 'headline'))
    assert.deepEqual([bodies(phone), bodies(desk)], [['Wherefore?'], ['Wherefore?']])
    assert.deepEqual(romeo.take(), [])
  })

  it('a groupchat message is refused, an error is not answered', async (t) => {
    const { presence, romeo, phone } = await balcony(t)
    presence('juliet/phone', 0)
    await romeo.send(chat(JULIET, 'groupchat'))
    assert.deepEqual(romeo.take().map(errorCondition), ['service-unavailable'])
    await romeo.send(chat(JULIET, 'error'))
    assert.deepEqual([romeo.take(), phone.take()], [[], []])
  })
})

describe('RFC 6121 §8.5.3: message to a full JID', () => {
  it('goes to that resource, whatever its presence', async (t) => {
    const { romeo, phone, desk } = await balcony(t)
    await romeo.send(chat(`${JULIET}/desk`))
    assert.deepEqual([bodies(phone), bodies(desk)], [[], ['Wherefore?']])
  })

  it('is handled like one to the bare JID when the resource is gone', async (t) => {
    const { presence, romeo, phone, desk } = await balcony(t)
    presence('juliet/phone', 0)
    await desk.disconnect()
    await romeo.send(chat(`${JULIET}/desk`))
    assert.deepEqual(bodies(phone), ['Wherefore?'])
    await romeo.send(chat(`${JULIET}/desk`, 'headline'))
    assert.deepEqual(bodies(phone), [])
  })
})

describe('RFC 6121 §8.5.1: no such user', () => {
  it('answers a message with service-unavailable', async (t) => {
    const { romeo } = await balcony(t)
    await romeo.send(chat(`nobody@${DOMAIN}`))
    assert.deepEqual(romeo.take().map(errorCondition), ['service-unavailable'])
  })
})
