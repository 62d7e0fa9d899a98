/** slixmpp logs in with certificates that OpenSSL has made (XEP-0178 §2). */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { connectDevice, freshUser, message, optionsFor } from '@meerkat/client/testing'
import { connect } from '@meerkat/client'
import { Body, Message } from '@meerkat/protocol'
import { CERTIFICATE_FILE } from '../e2e/config.ts'
import { type Server, startServer } from '../e2e/harness.ts'
import { slixmpp } from './clients/foreign-client.ts'
import { kinds } from './clients/kinds.ts'
import { type Certified, testAuthority } from './services/authority.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'meerkat-users-'))
after(() => rmSync(folder, { recursive: true }))
const authority = testAuthority(folder)

const server: Server = await startServer({
  auth: 'sasl_mechanisms = ["external", "scram_sha256"]',
  modules: '[modules.mod_presence]\n[modules.mod_roster]\n[modules.mod_disco]',
  files: { 'users.pem': readFileSync(authority.ca, 'utf8') },
  listeners: {
    main: {
      tls: 'starttls_required',
      tlsSettings: 'verify_mode = "peer"\ncacertfile = "users.pem"\ndisconnect_on_failure = false',
    },
  },
})
await server.createUser('juliet', 'secret')

/** slixmpp as juliet, with a certificate. */
async function comes(t: TestContext, own: Certified, password = '') {
  const certificate = join(server.folder, CERTIFICATE_FILE)
  const { host, port } = server
  const client = await slixmpp({ jid: 'juliet@localhost/foreign', password, host, port, certificate, own })
  t.after(() => client.kill())
  return client
}

const isMissing = kinds.every(({ name, version }) => name !== 'slixmpp' || version === undefined)

describe('slixmpp', { skip: isMissing && 'slixmpp is not installed' }, () => {
  test('its certificate opens its account, without a password', async (t) => {
    const partner = await connectDevice(server, await freshUser(server, 'ours'))
    const client = await comes(t, authority.user('juliet', 'juliet@localhost'))
    assert.equal(client.session['mechanism'], 'EXTERNAL')
    assert.equal(client.session['jid'], 'juliet@localhost/foreign')
    await client.presence()
    await client.message(partner.jid.toString(), 'hello')
    await partner.receive(message({ from: 'juliet@localhost/foreign', body: 'hello' }).matches)
    partner.send(Message({ to: 'juliet@localhost', type: 'chat' }, Body({}, 'hi')))
    await client.sees({ event: 'message', body: 'hi' })
    assert.equal(await client.leave(), 0)
    await partner.close()
  })

  test('S38: that of somebody else does not, and its password does', async (t) => {
    for (const [who, address] of [
      ['romeo', 'romeo@localhost'],
      ['other', 'juliet@other.example'],
    ] as const) {
      const own = authority.user(who, address)
      await assert.rejects(comes(t, own))
      const client = await comes(t, own, 'secret')
      assert.equal(client.session['mechanism'], 'SCRAM-SHA-256')
      assert.equal(await client.leave(), 0)
    }
  })
})

test('a certificate by OpenSSL opens the account for our client, over TLS 1.3', async () => {
  const own = authority.user('juliet', 'juliet@localhost')
  const tlsOptions = { cert: readFileSync(own.cert), key: readFileSync(own.key), minVersion: 'TLSv1.3' } as const
  const client = await connect(optionsFor(server, undefined, { tlsOptions }))
  assert.equal(client.jid.bare.toString(), 'juliet@localhost')
  await client.close()
})
