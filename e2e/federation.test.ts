/** Two servers that speak with each other: what users of one notice of users of the other. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Client } from '@meerkat/client'
import { befriend, connectDevice, expect, freshUser, iq, message, presence, story } from '@meerkat/client/testing'
import type { StoryTest } from '@meerkat/client/testing'
import {
  Body,
  CarbonsEnable,
  Forwarded,
  Iq,
  MamQuery,
  MamResult,
  Message,
  Ping,
  Presence,
  RosterItem,
  RosterQuery,
  VersionQuery,
  errorCondition,
} from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { type FederationOptions, federation } from './federation.fixture.ts'
import type { Server } from './harness.ts'
import { NODES } from './process.ts'

type Pair = readonly [Server, Server]

const chat = (to: { toString(): string }, body: string): Element => Message({ to, type: 'chat' }, Body({}, body))
const bodyOf = (stanza: Element): string => text(Body.in(stanza))

/** Tells a story of Alice at one server and Bob at the other. */
async function across(
  t: StoryTest,
  [one, other]: Pair,
  tell: (alice: Client, bob: Client) => Promise<void>,
): Promise<void> {
  await story(t, { server: one, users: { alice: 1 } }, ({ alice }) =>
    story(t, { server: other, users: { bob: 1 } }, ({ bob }) => tell(alice, bob)),
  )
}

/** Messages and requests in both directions. */
async function converse(alice: Client, bob: Client): Promise<void> {
  alice.send(chat(bob.jid.bare, 'hello & <welcome>'))
  await expect(bob).message({ from: alice, body: 'hello & <welcome>' })
  bob.send(chat(alice.jid, 'to you, too'))
  await expect(alice).message({ from: bob, body: 'to you, too' })
  const pong = await alice.request(Iq({ type: 'get', to: bob.jid.domain }, Ping()))
  assert.equal(pong.attr('from'), bob.jid.domain)
  const asked = bob.request(Iq({ type: 'get', to: alice.jid }, VersionQuery()))
  const request = await alice.receive(iq({ type: 'get' }).matches)
  alice.send(Iq({ type: 'result', id: request.attr('id'), to: bob.jid }, VersionQuery()))
  assert.equal((await asked).attr('from'), alice.jid.toString())
}

/** What the log says of the streams that a server has taken. */
const streamsOf = (server: Server): unknown[] =>
  server
    .log()
    .filter(({ what }) => what === 's2s_out')
    .map(({ tls }) => tls)

/** How many connections a server has from others and to others, all nodes together. */
async function connectionsOf(server: Server): Promise<readonly [incoming: number, outgoing: number]> {
  let [incoming, outgoing] = [0, 0]
  for (let node = 0; node < NODES; node++) {
    const { stat } = await server.graphql('{ stat { globalStats { incomingS2S outgoingS2S } } }')
    const { globalStats } = stat as { globalStats: { incomingS2S: number; outgoingS2S: number } }
    incoming += globalStats.incomingS2S
    outgoing += globalStats.outgoingS2S
  }
  return [incoming, outgoing]
}

/** There is one connection in each direction, or one of each node that has something to say. */
const isOneOfEachNode = (connections: number): boolean => connections >= 1 && connections <= NODES

const ways: Readonly<Record<string, { readonly options: FederationOptions; readonly tls: boolean }>> = {
  'RFC 6120 §13.7, XEP-0178: certificates over STARTTLS': { options: {}, tls: true },
  'XEP-0220: dialback over STARTTLS': { options: { listenerTls: 'verify_mode = "none"' }, tls: true },
  'XEP-0368: certificates over TLS from the first byte': {
    options: { listenerTls: 'mode = "tls"', address: 'tls = true' },
    tls: true,
  },
  'XEP-0220: dialback in clear, where both have been told to': {
    options: { listenerTls: undefined, outgoingTls: 'mode = "starttls"' },
    tls: false,
  },
}

describe('servers show who they are, and users talk', () => {
  for (const [way, { options, tls }] of Object.entries(ways))
    test(way, async (t) => {
      const servers = await federation(['capulet.example', 'montague.example'], {
        ...options,
        extra: '[log]\nlevel.s2s = "info"',
      })
      await across(t, servers, async (alice, bob) => {
        await converse(alice, bob)
        await befriend(alice, bob)
        for (const connections of await connectionsOf(servers[0]))
          assert.ok(isOneOfEachNode(connections), `${connections}`)
      })
      for (const server of servers) {
        assert.deepEqual([...new Set(streamsOf(server))], [tls])
        assert.ok(isOneOfEachNode(streamsOf(server).length))
      }
    })
})

describe('users of other servers', async () => {
  const servers = await federation(['verona.example', 'mantua.example'], {
    s2s: 'host_policy = [{ host = "padua.example", policy = "deny" }]',
    outgoing: 'connection_timeout = 2000\nqueue_timeout = 3',
  })

  test('RFC 6121 §4: see presence come and go', async (t) => {
    await across(t, servers, async (alice, bob) => {
      await befriend(alice, bob)
      bob.send(Presence({ type: 'unavailable' }))
      await alice.receive(presence({ type: 'unavailable', from: bob }).matches)
      bob.send(Presence())
      await alice.receive(presence({ from: bob }).matches)
    })
  })

  test('XEP-0313, XEP-0280: archives of both sides and carbons have what went across', async (t) => {
    await story(t, { server: servers[0], users: { alice: 2 } }, ({ alice, alice2 }) =>
      story(t, { server: servers[1], users: { bob: 1 } }, async ({ bob }) => {
        await alice2.request(Iq({ type: 'set' }, CarbonsEnable()))
        alice.send(chat(bob.jid.bare, 'for the archive'))
        await expect(bob).message({ from: alice, body: 'for the archive' })
        const carbon = await alice2.receive(message().matches)
        assert.equal(carbon.elements()[0]?.name, 'sent')
        for (const device of [alice, bob]) assert.deepEqual(await archive(device), ['for the archive'])
      }),
    )
  })

  test('RFC 6120 §8.3: are told what went wrong over there', async (t) => {
    await across(t, servers, async (alice) => {
      alice.send(chat('nobody@mantua.example', 'is anybody there?'))
      const refused = await alice.receive(message({ type: 'error' }).matches)
      assert.equal(refused.attr('from'), 'nobody@mantua.example')
      assert.equal(errorCondition(refused), 'service-unavailable')
    })
  })

  test("S61: may not ask for what is a user's own", async (t) => {
    await across(t, servers, async (alice, bob) => {
      const asked: readonly [type: string, payload: Element][] = [
        ['get', RosterQuery()],
        ['set', RosterQuery({}, RosterItem({ jid: alice.jid.bare }))],
        ['set', MamQuery()],
        ['set', CarbonsEnable()],
      ]
      for (const [index, [type, payload]] of asked.entries()) {
        alice.send(Iq({ type, id: `own${index}`, to: bob.jid.bare }, payload))
        const answer = await alice.receive(iq({ id: `own${index}` }).matches)
        assert.equal(answer.attr('type'), 'error', payload.name)
        assert.match(errorCondition(answer) ?? '', /^(?:forbidden|not-allowed|service-unavailable)$/)
      }
    })
  })

  test('S78: what no server takes comes back, and nothing more is tried for a while', async (t) => {
    await across(t, servers, async (alice) => {
      for (const body of ['one', 'two']) {
        alice.send(chat('romeo@nowhere.invalid', body))
        const refused = await alice.receive(message({ type: 'error' }).matches)
        assert.match(errorCondition(refused) ?? '', /^remote-server-(?:not-found|timeout)$/)
      }
    })
  })

  test('host_policy, and subdomains of our own: refused at once', async (t) => {
    await across(t, servers, async (alice) => {
      const conditions = { 'padua.example': 'not-allowed', 'rooms.verona.example': 'remote-server-not-found' }
      for (const [domain, condition] of Object.entries(conditions)) {
        alice.send(chat(`romeo@${domain}`, 'hello'))
        assert.equal(errorCondition(await alice.receive(message({ type: 'error' }).matches)), condition)
      }
    })
  })

  test('a server that comes back is spoken with again, and nothing is lost or told twice', async (t) => {
    const [one, other] = servers
    const user = await freshUser(other, 'bob')
    await story(t, { server: one, users: { alice: 1 } }, async ({ alice }) => {
      const before = await connectDevice(other, user)
      before.send(Presence())
      await expect(before).presence({ from: before })
      alice.send(chat(before.jid.bare, 'before'))
      await expect(before).message({ body: 'before' })
      await other.restart()
      const after = await connectDevice(other, user)
      after.send(Presence())
      await expect(after).presence({ from: after })
      for (const body of ['one', 'two', 'three']) alice.send(chat(after.jid.bare, body))
      const bodies: string[] = []
      while (bodies.length < 3) bodies.push(bodyOf(await after.receive(message().matches)))
      assert.deepEqual(bodies, ['one', 'two', 'three'])
      await expect(after).nothing()
      await after.close()
    })
  })
})

/** The bodies in a user's archive. */
async function archive(device: Client): Promise<string[]> {
  const done = device.request(Iq({ type: 'set' }, MamQuery({ queryid: 'q' })))
  const found = await device.receive(message().matches)
  await done
  const forwarded = Forwarded.in(MamResult.in(found)!)!
  return [bodyOf(Message.in(forwarded)!)]
}
