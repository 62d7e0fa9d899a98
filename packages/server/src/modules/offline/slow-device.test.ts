import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message, Presence } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { type Device, settle, story } from '../../testing/story.ts'
import messages from '../messages.ts'
import presence from '../presence/index.ts'
import offline from './index.ts'

const JULIET = 'juliet@example.com'
const bodies = (device: Device) =>
  device.take().flatMap((stanza) => (stanza.name === 'message' ? [text(Body.in(stanza))] : []))

/** Juliet comes back to three messages, with a device whose socket takes one stanza at a time, when the test lets it. */
async function verona(t: Parameters<typeof story>[0]) {
  const scene = await story(t, { modules: [[messages], [presence], [offline]], users: ['romeo'], absent: ['juliet'] })
  for (const word of ['1', '2', '3'])
    await scene.device('romeo').send(Message({ to: JULIET, type: 'chat' }, Body({}, word)))
  const device = scene.connect('juliet/balcony')
  let full: PromiseWithResolvers<void> | undefined
  const { connection } = device.session
  const send = connection.send.bind(connection)
  connection.send = (stanza) => {
    send(stanza)
    if (stanza.name === 'message') full ??= Promise.withResolvers()
  }
  connection.ready = () => full?.promise
  const take = async (): Promise<void> => {
    full?.resolve()
    full = undefined
    await settle()
  }
  await device.send(Presence())
  const kept = () => scene.host.stores.log('offline').count(JULIET)
  return { scene, device, take, kept }
}

describe('S52: a device that reads slowly', () => {
  it('gets one message after the other, and they are forgotten when its socket has taken all of them', async (t) => {
    const { device, take, kept } = await verona(t)
    for (const word of ['1', '2', '3']) {
      assert.deepEqual(bodies(device), [word])
      assert.equal(await kept(), 3)
      await take()
    }
    assert.equal(await kept(), 0)
  })

  it('that is lost meanwhile leaves all to the next', async (t) => {
    const { scene, device, take, kept } = await verona(t)
    await device.disconnect()
    await take()
    assert.deepEqual(bodies(device), ['1'])
    assert.equal(await kept(), 3)
    const phone = scene.connect('juliet/phone')
    await phone.send(Presence())
    assert.deepEqual(bodies(phone), ['1', '2', '3'])
  })
})
