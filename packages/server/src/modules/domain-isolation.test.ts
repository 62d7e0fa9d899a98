import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Iq, Message, Ping, Presence, errorCondition, errorDescription, parseJid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { Accounts } from '../core/accounts.ts'
import { userReceive } from '../core/module.ts'
import { memoryAccounts } from '../testing/memory-accounts.ts'
import { type Story, settle, story } from '../testing/story.ts'
import domainIsolation from './domain-isolation.ts'
import messages from './messages.ts'

const chat = (to: string) => Message({ to, type: 'chat', id: 'm' }, Body({}, 'Hark!'))

/** Two domains with a room service each; `seen` are the stanzas that came to the other domain or the services. */
async function verona(t: Parameters<typeof story>[0]): Promise<{ scene: Story; seen: string[] }> {
  const scene = await story(t, { modules: [[messages], [domainIsolation]], users: ['romeo', 'juliet'] })
  const accounts = memoryAccounts(scene.kernel.storage)
  accounts.add(parseJid('iago@venice.example'))
  const venice = scene.kernel.addHost('venice.example', ['venice.example'], new Accounts([accounts]), () => 'allow')
  const seen: string[] = []
  const see = ({ stanza }: { stanza: Element }) => void seen.push(`${stanza.name} ${stanza.attr('to')}`)
  venice.hooks.add('test', userReceive.on(see))
  for (const domain of ['rooms.example.com', 'rooms.venice.example', 'elsewhere.lit'])
    scene.kernel.hosts.addService(domain, see)
  return { scene, seen }
}

describe('mod_domain_isolation', () => {
  it('lets nothing out to another served domain or its services', async (t) => {
    const { scene, seen } = await verona(t)
    const romeo = scene.device('romeo')
    for (const to of ['iago@venice.example', 'iago@venice.example/x', 'room@rooms.venice.example'])
      for (const stanza of [chat(to), Iq({ type: 'get', id: 'q', to }, Ping()), Presence({ to })]) {
        await romeo.send(stanza)
        const [answer] = romeo.take()
        assert.deepEqual(
          [errorCondition(answer!), errorDescription(answer!)],
          ['service-unavailable', 'Filtered by the domain isolation'],
        )
      }
    await romeo.send(Message({ type: 'error', to: 'iago@venice.example' }))
    assert.deepEqual([seen, romeo.take()], [[], []])
  })

  it('lets nothing in from there', async (t) => {
    const { scene, seen } = await verona(t)
    for (const from of ['iago@venice.example/x', 'room@rooms.venice.example/iago', 'venice.example'])
      await scene.host.send(chat('juliet@example.com/1'), parseJid(from), parseJid('juliet@example.com/1'))
    await settle()
    assert.deepEqual(scene.device('juliet').take(), [])
    // The answers.
    assert.deepEqual(seen, ['message iago@venice.example/x', 'message room@rooms.venice.example/iago'])
  })

  it('does not concern what stays at a domain, and what goes elsewhere', async (t) => {
    const { scene, seen } = await verona(t)
    for (const to of ['juliet@example.com/1', 'room@rooms.example.com', 'iago@elsewhere.lit'])
      await scene.device('romeo').send(chat(to))
    const juliet = parseJid('juliet@example.com/1')
    for (const from of ['room@rooms.example.com/romeo', 'iago@elsewhere.lit'])
      await scene.host.send(chat(juliet.toString()), parseJid(from), juliet)
    assert.deepEqual(seen, ['message room@rooms.example.com', 'message iago@elsewhere.lit'])
    assert.equal(scene.device('juliet').take().length, 3)
  })

  it('drops presence that the server sends for a user', async (t) => {
    const { scene, seen } = await verona(t)
    const romeo = scene.device('romeo')
    await scene.host.send(Presence(), romeo.jid, parseJid('iago@venice.example'))
    await settle()
    assert.deepEqual([seen, romeo.take()], [[], []])
  })
})
