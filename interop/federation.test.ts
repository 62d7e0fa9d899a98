/** Federation with foreign servers, in both directions, however the streams are protected. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { Client } from '@meerkat/client'
import { befriend, connectDevice, expect, freshUser, iq, message, story } from '@meerkat/client/testing'
import { Body, Iq, Message, Ping, Presence, VersionQuery } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { BadLine } from '../e2e/bad-line.fixture.ts'
import { figureOf } from '../e2e/federation.fixture.ts'
import { type Server, startServer } from '../e2e/harness.ts'
import { FederationAuthority } from './federation/authority.fixture.ts'
import { namesAbsent, startNames } from './federation/names.fixture.ts'
import { Peer, type PeerKind, type Protection, ejabberd, prosody } from './federation/peer.fixture.ts'
import { freePorts } from './federation/program.fixture.ts'

const OURS = 'meerkat.test'
const chat = (to: { toString(): string }, body: string): Element => Message({ to, type: 'chat' }, Body({}, body))

/** Our listener and connections, for each way of protection. */
const settings: Readonly<Record<Protection, { readonly listener: string; readonly outgoing: string }>> = {
  required: { listener: 'mode = "starttls_required"\ndisconnect_on_failure = true', outgoing: '' },
  optional: { listener: 'mode = "starttls"\nverify_mode = "none"', outgoing: 'mode = "starttls"' },
  dialback: { listener: 'mode = "starttls"', outgoing: 'mode = "starttls"' },
}

/** What stands between the two, in both directions. */
interface Lines {
  readonly there: BadLine
  readonly back: BadLine
}

/** A server of ours, and a foreign one, that find each other by name. */
async function pairOf(kind: PeerKind, protection: Protection, lines?: Lines): Promise<{ ours: Server; peer: Peer }> {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-federation-'))
  const domain = `${kind.name.toLowerCase()}.test`
  const [namesPort, ourPort, c2sPort, s2sPort] = (await freePorts(4)) as [number, number, number, number]
  const authority = new FederationAuthority(folder)
  const names = await startNames(folder, namesPort, {
    [OURS]: lines?.back.to(ourPort) ?? ourPort,
    [domain]: lines?.there.to(s2sPort) ?? s2sPort,
  })
  const certificate = authority.issue(OURS)
  const ours = await startServer({
    domains: [OURS],
    nodes: 1,
    files: Object.fromEntries(
      Object.entries({ cert: certificate.cert, key: certificate.key, roots: authority.ca }).map(([name, file]) => [
        `s2s-${name}.pem`,
        readFileSync(file, 'utf8'),
      ]),
    ),
    modules: '[modules.mod_presence]\n[modules.mod_roster]\n[modules.mod_disco]\n[modules.mod_ping]',
    extra: s2sText(ourPort, namesPort, protection),
  })
  const options = { folder: join(folder, 'peer'), domain, c2sPort, s2sPort, namesPort, protection, acknowledges: true }
  const peer = await Peer.start(kind, { ...options, ca: authority.ca, certificate: authority.issue(domain) })
  after(async () => {
    await peer.stop()
    await names.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return { ours, peer }
}

const s2sText = (port: number, namesPort: number, protection: Protection): string => `
[[listen.s2s]]
port = ${port}
ip_address = "127.0.0.1"
[listen.s2s.tls]
certfile = "s2s-cert.pem"
keyfile = "s2s-key.pem"
cacertfile = "s2s-roots.pem"
${settings[protection].listener}
[s2s.outgoing]
dns.servers = ["127.0.0.1:${namesPort}"]
max_retry_delay = 1
[s2s.outgoing.tls]
certfile = "s2s-cert.pem"
keyfile = "s2s-key.pem"
cacertfile = "s2s-roots.pem"
${settings[protection].outgoing}
[log]
level.s2s = "info"
`

/** Messages, requests and presence in both directions. */
async function converse(romeo: Client, juliet: Client): Promise<void> {
  romeo.send(chat(juliet.jid, 'hello & <welcome>'))
  await expect(juliet).message({ from: romeo, body: 'hello & <welcome>' })
  juliet.send(chat(romeo.jid, 'to you, too'))
  await expect(romeo).message({ from: juliet, body: 'to you, too' })
  assert.equal((await romeo.request(Iq({ type: 'get', to: juliet.jid.domain }, Ping()))).attr('type'), 'result')
  assert.equal((await juliet.request(Iq({ type: 'get', to: romeo.jid.domain }, Ping()))).attr('type'), 'result')
  const asked = juliet.request(Iq({ type: 'get', to: romeo.jid }, VersionQuery()))
  const request = await romeo.receive(iq({ type: 'get' }).matches)
  romeo.send(Iq({ type: 'result', id: request.attr('id'), to: juliet.jid }, VersionQuery()))
  assert.equal((await asked).attr('from'), romeo.jid.toString())
  await befriend(romeo, juliet)
}

for (const kind of [prosody, ejabberd]) {
  const skip = kind.absent() ?? namesAbsent() ?? false
  describe(`federation with ${kind.name}`, { skip, concurrency: 1 }, () => {
    const ways: Readonly<Record<Protection, string>> = {
      required: 'TLS required, and certificates (XEP-0178)',
      optional: 'TLS, and dialback (XEP-0220)',
      dialback: 'dialback without TLS',
    }
    for (const [protection, way] of Object.entries(ways) as [Protection, string][])
      test(way, { timeout: 120_000 }, async (t) => {
        const { ours, peer } = await pairOf(kind, protection)
        t.after(() => t.diagnostic(peer.output.slice(-4000)))
        await story(t, { server: ours, users: { romeo: 1 } }, ({ romeo }) =>
          story(t, { server: peer, users: { juliet: 1 } }, async ({ juliet }) => {
            await converse(romeo, juliet)
            const streams = ours.log().filter(({ what }) => what === 's2s_out')
            assert.deepEqual(
              streams.map(({ tls }) => tls),
              [protection !== 'dialback'],
            )
          }),
        )
        if (protection === 'required') await comesBack(ours, peer)
      })
  })
}

describe('XEP-0198 with Prosody', { skip: prosody.absent() ?? namesAbsent() ?? false, concurrency: 1 }, () => {
  // Prosody acknowledges, and asks, where certificates say who it is.
  test('what is lost on the way is sent again, in both directions', { timeout: 120_000 }, async (t) => {
    const lines = { there: await BadLine.open(), back: await BadLine.open() }
    after(() => Object.values(lines).forEach((line) => line.close()))
    const { ours, peer } = await pairOf(prosody, 'required', lines)
    t.after(() => t.diagnostic(peer.output.slice(-8000)))
    await story(t, { server: ours, users: { romeo: 1 } }, ({ romeo }) =>
      story(t, { server: peer, users: { juliet: 1 } }, async ({ juliet }) => {
        romeo.send(chat(juliet.jid, 'hello'))
        await expect(juliet).message({ body: 'hello' })
        juliet.send(chat(romeo.jid, 'hello'))
        await expect(romeo).message({ body: 'hello' })
        // What is sent first, Prosody does not count yet. Behind that it asks, and ours says that it is stored.
        juliet.send(chat(romeo.jid, 'and more'))
        await expect(romeo).message({ body: 'and more' })
        while (!/#queue = 0 \(acked: 1\)/.test(peer.output)) await ours.graphql(ANYTHING)
        await underWay(ours, 0)

        lines.there.swallow('there')
        for (const body of NUMBERS) romeo.send(chat(juliet.jid, body))
        await underWay(ours, NUMBERS.length)
        lines.there.cut()
        assert.deepEqual(await bodies(juliet), NUMBERS)

        lines.back.swallow('there')
        for (const body of NUMBERS) juliet.send(chat(romeo.jid, body))
        await expect(juliet).nothing()
        lines.back.cut()
        assert.deepEqual(await bodies(romeo), NUMBERS)
      }),
    )
  })
})

/** The bodies of the next messages. */
async function bodies(client: Client): Promise<string[]> {
  const found: string[] = []
  while (found.length < NUMBERS.length) found.push(text(Body.in(await client.receive(message().matches))))
  return found
}

const ANYTHING = '{ stat { globalStats { outgoingS2S } } }'
const NUMBERS = ['1', '2', '3', '4', '5']

/** Resolves when the other server has still to acknowledge so many stanzas. */
async function underWay(server: Server, count: number): Promise<void> {
  while ((await figureOf(server, 'meerkat_s2s_unacknowledged')) !== count);
}

/** The foreign server restarts, and both sides find each other again. */
async function comesBack(ours: Server, peer: Peer): Promise<void> {
  const [romeo, juliet] = [await freshUser(ours, 'romeo'), await freshUser(peer, 'juliet')]
  const here = await connectDevice(ours, romeo)
  here.send(Presence())
  await here.receive(({ name }) => name === 'presence')
  await peer.restart()
  const there = await connectDevice(peer, juliet)
  there.send(Presence())
  await there.receive(({ name }) => name === 'presence')
  here.send(chat(there.jid, 'again'))
  const bodies = [text(Body.in(await there.receive(message().matches)))]
  there.send(chat(here.jid, 'and again'))
  bodies.push(text(Body.in(await here.receive(message().matches))))
  assert.deepEqual(bodies, ['again', 'and again'])
  await here.close()
  await there.close()
}
