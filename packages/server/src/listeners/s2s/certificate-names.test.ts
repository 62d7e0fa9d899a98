import assert from 'node:assert/strict'
import { test } from 'node:test'
import { X509Certificate } from 'node:crypto'
import { generate } from 'selfsigned'
import { other, withNames, words } from '../certificates/der.fixture.ts'
import { SRV_NAME, XMPP_ADDR, extensionsOf } from '../certificates/fields.ts'
import { certificateNames, standsFor } from './certificate-names.ts'

const isFor = (raw: Buffer, domain: string): boolean => standsFor(certificateNames(raw), domain)

test('S38: only alternative names count, never the subject, whatever stands in it', async () => {
  const { cert } = await generate(
    [
      { name: 'commonName', value: 'capulet.example' },
      { shortName: 'OU', value: 'CN=montague.example,' },
    ],
    {
      algorithm: 'sha256',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'verona.example' }] }],
    },
  )
  const { raw } = new X509Certificate(cert)
  assert.ok(isFor(raw, 'verona.example'))
  for (const domain of ['capulet.example', 'montague.example', 'a.verona.example', 'erona.example'])
    assert.ok(!isFor(raw, domain), domain)
})

test('S38: a wildcard stands for one label below a domain of two', () => {
  const raw = withNames(words(0x82, '*.Verona.example'), words(0x82, '*.example'), words(0x82, 'a*.mantua.example'))
  assert.ok(isFor(raw, 'chat.verona.example'))
  for (const domain of ['verona.example', 'a.b.verona.example', 'montague.example', 'ab.mantua.example'])
    assert.ok(!isFor(raw, domain), domain)
})

test('RFC 6120 §13.7.1.4, RFC 4985: addresses of XMPP and names of services', () => {
  const raw = withNames(
    other(XMPP_ADDR, words(0x0c, 'Bücher.example')),
    other(XMPP_ADDR, words(0x0c, 'romeo@montague.example')),
    other(SRV_NAME, words(0x16, '_xmpp-server.verona.example')),
    other(SRV_NAME, words(0x16, '_xmpp-client.mantua.example')),
  )
  for (const domain of ['bücher.example', 'verona.example']) assert.ok(isFor(raw, domain), domain)
  for (const domain of ['montague.example', 'mantua.example']) assert.ok(!isFor(raw, domain), domain)
})

test('RFC 3492: a name in DNS is compared as DNS has it', () => {
  assert.ok(isFor(withNames(words(0x82, 'xn--bcher-kva.example')), 'bücher.example'))
})

test('S38: a NUL in a name is part of it, and damaged certificates stand for nobody', () => {
  assert.ok(!isFor(withNames(words(0x82, 'verona.example\0.evil.example')), 'verona.example'))
  const good = withNames(words(0x82, 'verona.example'))
  for (let cut = 0; cut < good.length; cut++) assert.ok(!isFor(good.subarray(0, cut), 'verona.example'))
  assert.equal(extensionsOf(Buffer.from('3080', 'hex')).size, 0)
})

test('S77: of thousands of names some hundred are looked at', () => {
  const many = Array.from({ length: 5000 }, (_, i) => words(0x82, `h${i}.example`))
  const { dns } = certificateNames(withNames(...many))
  assert.ok(dns.length > 0 && dns.length <= 256, `${dns.length}`)
})
