/** Attacks on streams and documents that no other file has: what must never be opened, offered or believed. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, test } from 'node:test'
import { openSecureStream, register } from '@meerkat/client'
import { openRaw, optionsFor, story, streamHeader } from '@meerkat/client/testing'
import { startServer } from './harness.ts'

const server = await startServer()
await server.createUser('juliet', 'secret')

/** Something that listens, and counts who comes. */
const bait = { visits: 0, port: 0 }
const trap = createServer((socket) => {
  bait.visits++
  socket.destroy()
}).listen(0, '127.0.0.1')
await once(trap, 'listening')
const bound = trap.address()
bait.port = typeof bound === 'object' && bound !== null ? bound.port : 0
after(() => trap.close())

/** What comes on a connection without TLS until the server closes it. */
async function answerTo(text: string | Uint8Array): Promise<string> {
  const { host, port } = server.at('open')
  const raw = await openRaw({ host, port })
  raw.sendRaw(text)
  return (await raw.readUntilClose()).toString()
}

test('S3: an external DTD or entity is refused, and nobody is asked for it', async (t) => {
  const SECRET = 'file:///etc/passwd'
  for (const id of [`SYSTEM "http://127.0.0.1:${bait.port}/x"`, `PUBLIC "x" "${SECRET}"`, `SYSTEM "${SECRET}"`]) {
    const doctypes = [
      `<!DOCTYPE stream ${id}>`,
      `<!DOCTYPE stream [<!ENTITY x ${id}>]>`,
      `<!DOCTYPE s [<!ENTITY % x ${id}> %x;]>`,
    ]
    for (const doctype of doctypes) {
      for (const text of [
        `<?xml version='1.0'?>${doctype}${streamHeader(server)}`,
        `${streamHeader(server)}${doctype}`,
      ]) {
        const answer = await answerTo(text)
        assert.match(answer, /<stream:error><restricted-xml .*<\/stream:stream>$/)
        assert.ok(!answer.includes('root:'))
      }
    }
  }
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    alice.sendRaw(`<message><body>&x;</body></message>`)
    await alice.waitForEnd()
  })
  assert.equal(bait.visits, 0)
})

/** Entities, each of which stands for ten of the one before: ten of them would be 10^10 characters. */
const LAUGHS = Array.from(
  { length: 10 },
  (_, i) => `<!ENTITY l${i} "${i === 0 ? 'lol' : `&l${i - 1};`.repeat(10)}">`,
).join('')

test('S2: entities that would grow without end are never expanded, and leave nothing in memory', async () => {
  const bomb = `<!DOCTYPE stream [${LAUGHS}]>`
  const before = server.residentBytes()
  for (let round = 0; round < 50; round++) {
    for (const text of [`<?xml version='1.0'?>${bomb}${streamHeader(server)}`, `${streamHeader(server)}${bomb}&l9;`])
      assert.match(await answerTo(text), /<stream:error><restricted-xml .*<\/stream:stream>$/)
    const used = await answerTo(`${streamHeader(server)}<message><body>${'&l9;'.repeat(1000)}</body></message>`)
    assert.match(used, /<stream:error><(?:restricted-xml|not-well-formed) /)
  }
  const grown = server.residentBytes() - before
  assert.ok(grown < 48 * 1024 * 1024, `${grown} bytes more than before`)
})

test('S14: keys that mean something to JavaScript are no variables, arguments or fields of the API', async () => {
  const bodies = [
    '{"query":"{ checkAuth { authStatus } }","__proto__":{"variables":{}},"constructor":{"prototype":{"admin":1}}}',
    '{"query":"query ($x: JID!) { account { checkUser(user: $x) { exist } } }","variables":{"__proto__":{"x":"juliet@localhost"}}}',
    '{"query":"{ __proto__ { constructor } }"}',
    '{"query":"{ checkAuth { authStatus } }","operationName":"__proto__"}',
  ]
  const answers: string[] = []
  for (const body of bodies) {
    const url = `http://127.0.0.1:${server.httpPort}/api/graphql`
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    answers.push(await response.text())
    assert.ok(response.status < 500, `${response.status} ${answers.at(-1)}`)
  }
  assert.match(answers[0]!, /"data":\{"checkAuth"/)
  for (const answer of answers.slice(1)) assert.match(answer, /"errors":/)
})

const COMPRESS = `<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>`

test('S19: compression is never offered, and who asks for it gets a stream error, before login and after it', async (t) => {
  const answer = await answerTo(streamHeader(server) + COMPRESS)
  assert.doesNotMatch(answer, /compression|<compressed/)
  assert.match(answer, /<stream:error><(?:not-authorized|unsupported-stanza-type) .*<\/stream:stream>$/)

  const client = await openSecureStream(optionsFor(server, undefined, { username: 'juliet', password: 'secret' }))
  await client.authenticate()
  const features = await client.openStream()
  assert.ok(!features.elements().some(({ name }) => name === 'compression'))
  await client.close()

  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    alice.sendRaw(COMPRESS)
    assert.equal((await alice.waitForEnd()).streamError?.condition, 'unsupported-stanza-type')
  })
})

/** A PROXY header of version 2 for TCP over IPv4: from 192.0.2.1:1000 to 192.0.2.2:5222. */
const PROXY2 = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000201c000020203e81466', 'hex')
/** The same for a health check, without addresses. */
const LOCAL2 = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')

test('S25: a PROXY header on a listener that expects none ends that connection, and nobody is believed to come from elsewhere', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice }) => {
    const headers = [
      'PROXY TCP4 192.0.2.1 192.0.2.2 1000 5222\r\n',
      'PROXY UNKNOWN\r\n',
      PROXY2,
      LOCAL2,
      'PROXY \0\r\n',
    ]
    for (const header of headers) {
      const answer = await answerTo(Buffer.concat([Buffer.from(header), Buffer.from(streamHeader(server))]))
      assert.match(answer, /<stream:error>/)
      assert.doesNotMatch(answer, /<stream:features>/)
    }
    await alice.barrier()
  })
  const lines = server.log().map((line) => JSON.stringify(line))
  assert.ok(!lines.some((line) => line.includes('192.0.2.1')))
})

test('S44: nobody registers unless the module runs', async () => {
  const options = optionsFor(server, undefined, { username: 'intruder', password: 'secret' })
  await assert.rejects(register(options))
  const client = await openSecureStream(options)
  assert.ok(!client.features!.elements().some(({ ns }) => ns === 'http://jabber.org/features/iq-register'))
  await assert.rejects(client.authenticate(), { condition: 'not-authorized' })
  await client.close()
})
