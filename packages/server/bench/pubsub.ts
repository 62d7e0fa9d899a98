/**
 * What it takes to publish an item to a personal node (XEP-0163), from the owner's stanza to the connections of contacts, by how many contacts want it:
 * without sockets, once without and once with printing what they get. The store is in memory. Run: `node packages/server/bench/pubsub.ts`
 */
import { performance } from 'node:perf_hooks'
import {
  DiscoInfo,
  Iq,
  Presence,
  Pubsub,
  PubsubItem,
  PubsubPublish,
  buildCaps,
  buildDiscoInfo,
  capsHash,
  parseJid,
} from '@meerkat/protocol'
import { type Element, serialize, tag } from '@meerkat/xml'
import { printer } from '../src/listeners/c2s/printer.ts'
import caps from '../src/modules/caps/index.ts'
import disco from '../src/modules/disco.ts'
import messages from '../src/modules/messages.ts'
import presence from '../src/modules/presence/index.ts'
import pubsub from '../src/modules/pubsub/index.ts'
import { rostersOf } from '../src/modules/roster/api.ts'
import roster from '../src/modules/roster/index.ts'
import { DOMAIN, type Device, settle, story } from '../src/testing/story.ts'

const MOOD = 'http://jabber.org/protocol/mood'
const ROUNDS = 5
const Mood = tag(MOOD, 'mood')
const Happy = tag(MOOD, 'happy')
const Words = tag(MOOD, 'text')

const CLIENT = buildDiscoInfo({ identities: [{ category: 'client', type: 'pc' }], features: ['a', `${MOOD}+notify`] })
const HERE = Presence({}, buildCaps('sha-1', 'http://client.example', capsHash(CLIENT, 'v1', 'sha-1')!))

/** Becomes available, and says what it wants when it is asked. */
async function come(device: Device): Promise<void> {
  await device.send(HERE)
  const asked = device.take().find((stanza) => DiscoInfo.in(stanza) !== undefined)
  if (asked !== undefined) await device.send(Iq({ type: 'result', id: asked.attr('id'), to: DOMAIN }, CLIENT))
}

async function measure(contacts: number): Promise<void> {
  const ends: (() => Promise<void>)[] = []
  const names = Array.from({ length: contacts }, (_, i) => `contact${i}`)
  const scene = await story(
    { after: (end) => void ends.push(end) },
    { modules: [[messages], [presence], [roster], [disco], [caps], [pubsub]], users: ['juliet', ...names] },
  )
  const juliet = scene.device('juliet')
  const owner = juliet.jid.bare
  for (const name of names) {
    await rostersOf(scene.host)!.put(owner, parseJid(`${name}@${DOMAIN}`), 'both')
    await rostersOf(scene.host)!.put(parseJid(`${name}@${DOMAIN}`), owner, 'both')
  }
  await Promise.all(names.map((name) => come(scene.device(name))))
  const devices = names.map((name) => scene.device(name))
  const item = PubsubItem({ id: 'current' }, Mood({}, Happy(), Words({}, 'x'.repeat(300))))
  const words = Iq({ type: 'set', from: juliet.jid, id: 'p' }, Pubsub({}, PubsubPublish({ node: MOOD }, item)))
  const items = Math.max(50, Math.round(20_000 / (contacts + 1)))
  let [routed, printed] = [Infinity, Infinity]
  for (let round = 0; round <= ROUNDS; round++) {
    const began = performance.now()
    for (let i = 0; i < items; i++) await scene.kernel.router.receive(juliet.session, words, owner)
    await settle()
    const spent = performance.now() - began
    const got = devices.map((device) => device.take())
    for (const { length } of got) if (length !== items) throw new Error(`${length} of ${items} items came`)
    const printing = measurePrinting(got, items)
    juliet.take()
    if (round > 0) [routed, printed] = [Math.min(routed, spent), Math.min(printed, printing)]
  }
  const each = (ms: number): string => `${((ms * 1000) / items / contacts).toFixed(2).padStart(7)} µs`
  console.log(`${String(contacts).padStart(5)} contacts: ${each(routed)} a notification, ${each(printed)} to print it`)
  for (const end of ends) await end()
}

/** As the sockets do it: what goes to many in one turn comes one after another. */
function measurePrinting(got: readonly (readonly Element[])[], items: number): number {
  const print = printer((element) => serialize(element, 'jabber:client'))
  const began = performance.now()
  let length = 0
  for (let i = 0; i < items; i++) for (const stanzas of got) length += print(stanzas[i]!).length
  if (length === 0) throw new Error('nothing was printed')
  return performance.now() - began
}

for (const contacts of [1, 10, 100, 1000]) await measure(contacts)
