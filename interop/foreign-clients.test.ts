/**
 * Clients that are not ours on a started server: each logs in with the best mechanism that it knows, and does what it
 * supports with a user who has a client of ours. A table tells what came of it; with MEERKAT_CLIENTS_TABLE=docs/clients.md
 * it is written into that file, too.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { type Client } from '@meerkat/client'
import { announce, connectDevice, freshUser, message, presence, type TestUser } from '@meerkat/client/testing'
import { Body, Iq, Message, Presence, RosterQuery } from '@meerkat/protocol'
import { CERTIFICATE_FILE } from '../e2e/config.ts'
import { startServer } from '../e2e/harness.ts'
import { type ForeignClient, slixmpp } from './clients/foreign-client.ts'
import { type Kind, kinds } from './clients/kinds.ts'
import { webSocketUrl, withWebSocket } from './clients/server.ts'
import { type Row, tableOf, withTable } from './clients/table.ts'

const server = await startServer(withWebSocket)
const url = webSocketUrl(server)

/** What is in the way of careless clients: other scripts, and what XML gives a meaning. */
const TEXTS = ['Bonjour, ça va ?', '<3 & "🐾"', "it's ]]> fine", 'שלום', 'one', 'two', 'three']
const BOTH = { subscription: 'both', ask: null }

const rows: Row[] = []

/** Somebody with a foreign client, and somebody with one of ours. */
class Pair {
  readonly #kind: Kind
  readonly #user: TestUser
  readonly partner: Client
  client!: ForeignClient

  private constructor(kind: Kind, user: TestUser, partner: Client) {
    this.#kind = kind
    this.#user = user
    this.partner = partner
  }

  static async meet(kind: Kind): Promise<Pair> {
    const partner = await connectDevice(server, await freshUser(server, 'ours'))
    // RFC 6121 §3.1.6: who has asked for the roster hears of subscriptions
    await partner.request(Iq({ type: 'get' }, RosterQuery()))
    await announce(partner, [])
    const pair = new Pair(kind, await freshUser(server, 'foreign'), partner)
    await pair.login()
    return pair
  }

  /** The foreign client's addresses. */
  get bare(): string {
    return this.#user.jid.toString()
  }

  get full(): string {
    return `${this.bare}/foreign`
  }

  async login(): Promise<void> {
    const certificate = join(server.folder, CERTIFICATE_FILE)
    const { host, port } = server
    this.client = await this.#kind.start({
      jid: this.full,
      password: this.#user.password,
      host,
      port,
      url,
      certificate,
    })
    await this.client.presence()
  }

  /** Our side writes. */
  write(texts: readonly string[]): void {
    for (const text of texts) this.partner.send(Message({ to: this.bare, type: 'chat' }, Body({}, text)))
  }

  /** The foreign client has seen our side's messages, in order, and besides them only what came `again`. */
  async hasSeen(texts: readonly string[], again: readonly string[] = []): Promise<void> {
    for (const body of texts) {
      const { from } = await this.client.sees({ event: 'message', body })
      // Profanity tells the bare address only.
      assert.ok(from === this.partner.jid.toString() || from === this.partner.jid.bare.toString(), String(from))
    }
    assert.deepEqual(
      this.client.unseen('message').map(({ body }) => body),
      again,
    )
  }
}

function walk(kind: Kind): void {
  const row: Row = { client: `${kind.name} ${kind.version}`, transport: kind.transport }
  let pair: Pair
  let failed: string | undefined
  rows.push(row)

  /** A part of what the client does, which cannot be done when one before it has failed. */
  function step(name: string, take: (t: TestContext) => Promise<void>): void {
    test(name, { timeout: 120_000 }, async (t) => {
      if (failed !== undefined) return t.skip(`"${failed}" failed`)
      failed = name
      await take(t)
      failed = undefined
    })
  }

  after(async () => {
    pair?.client.kill()
    await pair?.partner.close()
  })

  step('it logs in with the best mechanism that it knows', async () => {
    pair = await Pair.meet(kind)
    const { jid, mechanism, tls } = pair.client.session
    assert.equal(jid, pair.full)
    assert.match(String(mechanism), kind.mechanism)
    assert.match(String(tls), /^TLS/)
    row.login = `${String(mechanism)}, ${String(tls)}`
  })

  step('RFC 6121 §2, §3: it makes a contact, in both directions', async () => {
    const { client, partner, bare, full } = pair
    const contact = partner.jid.bare.toString()
    assert.deepEqual(await client.roster(), {})
    await client.presence({ to: contact, type: 'subscribe' })
    await partner.receive(presence({ type: 'subscribe', from: bare }).matches)
    partner.send(Presence({ type: 'subscribed', to: bare }))
    await client.sees({ event: 'presence', from: contact, type: 'subscribed' })
    await client.sees({ event: 'presence', from: partner.jid.toString(), type: 'available' })

    partner.send(Presence({ type: 'subscribe', to: bare }))
    await client.sees({ event: 'presence', from: contact, type: 'subscribe' })
    await client.presence({ to: contact, type: 'subscribed' })
    await partner.receive(presence({ type: 'subscribed', from: bare }).matches)
    await partner.receive(presence({ from: full }).matches)
    assert.deepEqual(await client.roster(), { [contact]: BOTH })
    row.roster = true
  })

  step('RFC 6121 §4: it sees presence come and go', async () => {
    const { client, partner } = pair
    partner.send(Presence({ type: 'unavailable' }))
    await client.sees({ event: 'presence', from: partner.jid.toString(), type: 'unavailable' })
    partner.send(Presence())
    await client.sees({ event: 'presence', from: partner.jid.toString(), type: 'available' })
    await partner.receive(presence({ from: pair.full }).matches)
    row.presence = true
  })

  step('RFC 6121 §5: messages go both ways, in order', async () => {
    const { client, partner, full } = pair
    pair.write(TEXTS)
    await pair.hasSeen(TEXTS)
    for (const text of TEXTS) await client.message(partner.jid.toString(), text)
    for (const body of TEXTS) await partner.receive(message({ from: full, body }).matches)
    row.messages = true
  })

  if (kind.canResume)
    step('XEP-0198 §5: it resumes its session after a cut, and never was unavailable', async () => {
      const { client, partner, full } = pair
      const texts = ['while', 'it was', 'away']
      await partner.barrier()
      partner.drop()
      await client.cut()
      pair.write(texts)
      assert.equal(await client.resume(), true)
      // XEP-0198 §5: what it has not counted comes again
      await pair.hasSeen(texts, TEXTS.slice(TEXTS.length - kind.uncounted))
      await client.message(partner.jid.toString(), 'back')
      await partner.receive(message({ from: full, body: 'back' }).matches)
      // Some send presence anew when they are back.
      const left = (await partner.barrier()).filter(presence({ type: 'unavailable' }).matches)
      assert.deepEqual(left, [])
      row.resumption = true
    })

  if (kind.canCatchUp)
    step('XEP-0313 §4: it catches up with the archive, page by page', async () => {
      const known = (await pair.client.archive()).at(-1)
      assert.ok(known)
      await leave()
      pair.write(TEXTS)
      await pair.login()
      await pair.partner.receive(presence({ from: pair.full }).matches)
      const missed = await pair.client.archive(known.id)
      assert.deepEqual(
        missed.map(({ from, body }) => ({ from, body })),
        TEXTS.map((body) => ({ from: pair.partner.jid.toString(), body })),
      )
      row.archive = true
    })

  step('it leaves in good order', leave)

  async function leave(): Promise<void> {
    assert.equal(await pair.client.leave(), 0)
    await pair.partner.receive(presence({ type: 'unavailable', from: pair.full }).matches)
  }
}

for (const kind of kinds)
  describe(kind.name, { skip: kind.version === undefined && `${kind.name} is not installed` }, () => {
    walk(kind)
  })

const { version } = kinds.find(({ name }) => name === 'slixmpp')!
test(
  'slixmpp goes through all mechanisms over TLS 1.3, for which its channel binding is not made, to one without',
  { skip: version === undefined && 'slixmpp is not installed' },
  async () => {
    const { jid, password } = await freshUser(server, 'unbound')
    const { host, port, folder } = server
    const certificate = join(folder, CERTIFICATE_FILE)
    const client = await slixmpp({
      jid: `${jid}/foreign`,
      password,
      host,
      port,
      certificate,
      env: { SLIXMPP_TLS13: '1' },
    })
    assert.deepEqual([client.session['tls'], client.session['mechanism']], ['TLSv1.3', 'PLAIN'])
    await client.leave()
  },
)

test('the table of clients', (t) => {
  const table = tableOf(rows)
  for (const line of table) t.diagnostic(line)
  const file = process.env['MEERKAT_CLIENTS_TABLE']
  if (file !== undefined) writeFileSync(file, withTable(readFileSync(file, 'utf8'), table))
  for (const name of ['slixmpp', 'stanza']) {
    const row = rows.find(({ client }) => client.startsWith(`${name} `))
    if (row !== undefined)
      assert.deepEqual([row.archive, row.resumption], [true, true], `${name} catches up and resumes`)
  }
})
