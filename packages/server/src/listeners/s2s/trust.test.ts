import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { generate } from 'selfsigned'
import { type StreamCondition } from '@meerkat/protocol'
import messages from '../../modules/messages.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { settle, story } from '../../testing/story.ts'
import { type TestPeer, federating, header } from './s2s.fixture.ts'
import { leadsToRoot } from './trust.ts'

type Context = Parameters<typeof story>[0]
type Extensions = NonNullable<Parameters<typeof generate>[1]>['extensions']
type Authority = { readonly key: string; readonly cert: string }

const THERE = 'montague.example'
const DAY = 86_400_000
/** Of our server; OpenSSL has its own. */
const NOW = new FakeClock().now()
const FROM = Math.min(NOW, Date.now()) - DAY
const TO = Math.max(NOW, Date.now()) + DAY
const LONG = TO - FROM
const IS_AUTHORITY: Extensions = [
  { name: 'basicConstraints', cA: true, critical: true },
  { name: 'keyUsage', keyCertSign: true, cRLSign: true },
]

/** A certificate, by an authority if one is given; `shift` moves its time. */
async function issue(name: string, extensions: Extensions, ca?: Authority, shift = 0): Promise<Authority> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(FROM + shift),
    notAfterDate: new Date(TO + shift),
    ...(extensions !== undefined && { extensions }),
    ...(ca !== undefined && { ca: { key: ca.key, cert: ca.cert } }),
  })
  return { key: made.private, cert: made.cert }
}

/** What a public authority issues now: for servers alone. */
const forServers = (domain: string): Extensions => [
  { name: 'basicConstraints', cA: false },
  { name: 'extKeyUsage', serverAuth: true },
  { name: 'subjectAltName', altNames: [{ type: 2, value: domain }] },
]

const root = await issue('root', IS_AUTHORITY)
const middle = await issue('middle', IS_AUTHORITY, root)
const stranger = await issue('stranger', IS_AUTHORITY)
const x509 = (...all: readonly Authority[]): X509Certificate[] => all.map(({ cert }) => new X509Certificate(cert))
const leads = (chain: readonly Authority[], roots: readonly Authority[] = [root]): boolean =>
  leadsToRoot(x509(...chain), x509(...roots), NOW)

test('RFC 5280 §6.1: a chain leads to a root by signatures of authorities that are in time', async () => {
  const direct = await issue(THERE, forServers(THERE), root)
  const below = await issue(THERE, forServers(THERE), middle)
  assert.ok(leads([direct]))
  assert.ok(leads([below, middle]))
  assert.ok(!leads([below]), 'the authority between is missing')
  assert.ok(!leads([direct], [stranger]), 'another root')
  assert.ok(!leads([await issue(THERE, forServers(THERE), stranger), stranger]), 'a root that nobody trusts')
  assert.ok(!leads([await issue(THERE, forServers(THERE), root, 0 - LONG)]), 'ended')
  assert.ok(!leads([await issue(THERE, forServers(THERE), root, LONG)]), 'not begun')
  assert.ok(!leads([await issue(THERE, forServers(THERE), direct), direct]), 'issued by what is no authority')
  assert.ok(!leads([]), 'nothing at all')
})

/** A stream under TLS to a server that trusts the root, whose other end shows a certificate; resolves with what it is offered. */
async function shows(t: Context, shown: Authority | undefined, requireCertificate = false) {
  const from = THERE
  const scene = await story(t, { modules: [[messages]], users: ['juliet'] })
  const own = await issue('example.com', forServers('example.com'), root)
  const context = createSecureContext({ key: own.key, cert: own.cert, ca: root.cert })
  const tls = {
    mode: 'starttls_required',
    context: () => context,
    requestCertificate: true,
    requireCertificate,
  } as const
  const { peer } = await federating(t, scene, { listener: { tls, roots: () => x509(root) } })
  const romeo = peer().say(`${header(from, 'example.com')}<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
  await romeo.hears(/<proceed/)
  await romeo.secure(createSecureContext(shown === undefined ? {} : { key: shown.key, cert: shown.cert }))
  romeo.say(header(from, 'example.com'))
  const [features] = await romeo.hears(/<stream:features>.*<\/stream:features>/)
  return { scene, romeo, features }
}

const auth = (identity: string): string =>
  `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>${identity}</auth>`
const base64 = (words: string): string => Buffer.from(words).toString('base64')

async function letIn(romeo: TestPeer): Promise<void> {
  await romeo.hears(/<success/)
  romeo.heard = ''
  romeo.say(header(THERE, 'example.com'))
  await romeo.hears(/<stream:features><dialback/)
}

test('S75: a certificate that is "for servers" alone lets another server in, when its chain and its name are right', async (t) => {
  const { scene, romeo, features } = await shows(t, await issue(THERE, forServers(THERE), root))
  assert.match(features, /<mechanism>EXTERNAL<\/mechanism>/)
  romeo.say(auth(base64(THERE)))
  await letIn(romeo)
  romeo.say(`<message from='romeo@${THERE}' to='juliet@example.com/1' type='chat'><body>hi</body></message>`)
  while (scene.device('juliet').received.length === 0) await settle()
  // XEP-0220 §2.5: what the certificate says need not be asked about again.
  romeo.say(`<db:result from='${THERE}' to='example.com'>key</db:result>`)
  await romeo.hears(/type='valid'/)
})

test('XEP-0178 §3: an empty identity is that of the stream', async (t) => {
  const { romeo } = await shows(t, await issue(THERE, forServers(THERE), root))
  romeo.say(auth('='))
  await letIn(romeo)
})

test('S76: EXTERNAL is offered only to whom it lets in; others keep dialback, and the connection', async (t) => {
  const others: Readonly<Record<string, Authority | undefined>> = {
    'no certificate': undefined,
    'an unknown authority': await issue(THERE, forServers(THERE), stranger),
    'signed by itself': await issue(THERE, forServers(THERE)),
    'for another domain': await issue('other.example', forServers('other.example'), root),
    ended: await issue(THERE, forServers(THERE), root, 0 - LONG),
  }
  for (const [what, shown] of Object.entries(others)) {
    const { romeo, features } = await shows(t, shown)
    assert.match(features, /<stream:features><dialback /, what)
    romeo.say(auth(base64(THERE)))
    await romeo.hears(/<failure [^>]*><invalid-mechanism/)
    assert.equal(romeo.closed, false)
  }
})

test('disconnect_on_failure: whose certificate is not trusted is refused at once, also where one "for servers" is not', async (t) => {
  const { features } = await shows(t, await issue(THERE, forServers(THERE), root), true)
  assert.match(features, /EXTERNAL/)
  await assert.rejects(shows(t, await issue(THERE, forServers(THERE), stranger), true), /closed after/)
})

test('S38: a certificate lets in nobody but whom it names', async (t) => {
  const { romeo } = await shows(t, await issue(THERE, forServers(THERE), root))
  for (const identity of ['example.com', 'other.example', `romeo@${THERE}`]) romeo.say(auth(base64(identity)))
  const condition: StreamCondition = 'policy-violation'
  assert.match(await romeo.ends(), new RegExp(`(?:<failure [^>]*><invalid-authzid/></failure>){3}.*<${condition}`))
})

test('S16: the domains of a stream stay the same when it is opened again', async (t) => {
  const { romeo } = await shows(t, await issue(THERE, forServers(THERE), root))
  romeo.say(auth('='))
  await romeo.hears(/<success/)
  romeo.say(header('other.example', 'example.com'))
  assert.match(await romeo.ends(), /<host-unknown/)
})
