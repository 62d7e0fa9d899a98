/** Personal eventing (XEP-0163) with a client that is not ours: slixmpp, with its own capabilities (XEP-0115). */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { freshUser, story } from '@meerkat/client/testing'
import {
  DiscoInfo,
  EventItem,
  EventItems,
  Iq,
  Presence,
  Pubsub,
  PubsubEvent,
  PubsubItem,
  PubsubPublish,
  buildCaps,
  buildDiscoInfo,
  capsHash,
} from '@meerkat/protocol'
import { tag, text } from '@meerkat/xml'
import { CERTIFICATE_FILE } from '../e2e/config.ts'
import { startServer } from '../e2e/harness.ts'
import { ForeignClient } from './clients/foreign-client.ts'

const TUNE = 'http://jabber.org/protocol/tune'
const Tune = tag(TUNE, 'tune')
const Title = tag(TUNE, 'title')
const CLIENT = buildDiscoInfo({
  identities: [{ category: 'client', type: 'pc' }],
  features: [`${TUNE}+notify`, 'urn:z'],
})

const server = await startServer({
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_pubsub]`,
})

const installed = spawnSync('/usr/bin/python3', ['-c', 'import slixmpp']).status === 0

describe('slixmpp', { skip: !installed && 'slixmpp is not installed' }, () => {
  test('XEP-0163, XEP-0115, XEP-0402: it publishes, reads, and hears what it wants to', async (t) => {
    await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
      const { jid, password } = await freshUser(server, 'foreign')
      const program = join(import.meta.dirname, 'eventing/tunes.py')
      const certificate = join(server.folder, CERTIFICATE_FILE)
      const args = [program, `${jid}/foreign`, password, server.host, String(server.port), certificate]
      const foreign = await ForeignClient.online(spawn('/usr/bin/python3', args, { stdio: 'pipe' }))
      t.after(() => foreign.kill())
      assert.equal(foreign.session['pep'], true)
      assert.deepEqual(foreign.session['bookmarks'], [['orchard@rooms.example', 'The Orchard']])

      alice.send(Presence({}, buildCaps('sha-1', 'http://client.example', capsHash(CLIENT, 'v1', 'sha-1')!)))
      const asked = await alice.receive((stanza) => stanza.attr('type') === 'get' && DiscoInfo.in(stanza) !== undefined)
      alice.send(Iq({ type: 'result', id: asked.attr('id'), to: asked.attr('from') }, CLIENT))
      // It accepts, and subscribes in turn.
      alice.send(Presence({ type: 'subscribe', to: jid }))
      await alice.receive((stanza) => stanza.attr('type') === 'subscribe')
      alice.send(Presence({ type: 'subscribed', to: jid }))
      const event = await alice.receive((stanza) => PubsubEvent.in(stanza) !== undefined, { what: 'its tune' })
      const item = EventItem.in(EventItems.in(PubsubEvent.in(event)!)!)!
      assert.equal(text(Title.in(Tune.in(item)!)), 'Allegro')

      const words = PubsubPublish({ node: TUNE }, PubsubItem({ id: 'current' }, Tune({}, Title({}, 'Vivace'))))
      await alice.request(Iq({ type: 'set' }, Pubsub({}, words)))
      await foreign.sees({ event: 'tune', from: alice.jid.bare.toString(), title: 'Vivace' })
    })
  })
})
