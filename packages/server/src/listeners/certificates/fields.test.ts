import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { generate } from 'selfsigned'
import { address, commonName, part, withNames, withSubject, words } from './der.fixture.ts'
import { alternativeNames, commonNames, otherName } from './fields.ts'

const UNIT = '55040b'

test('RFC 5280 §4.1.2.6: common names are those parts of the subject that are called so', async () => {
  const { cert } = await generate(
    [
      { name: 'commonName', value: 'juliet' },
      { shortName: 'OU', value: 'CN=admin,' },
    ],
    { algorithm: 'sha256' },
  )
  assert.deepEqual(commonNames(new X509Certificate(cert).raw), ['juliet'])
})

test('S38: nothing that stands in another part of a subject is a common name', () => {
  const parts = [part(UNIT, words(0x0c, 'CN=admin,')), commonName('a, CN=admin'), part(UNIT, commonName('admin'))]
  assert.deepEqual(commonNames(withSubject(parts)), ['a, CN=admin'])
})

test('RFC 5280 §4.1.2.4: a name is UTF-8, or printable; other kinds of strings are none', () => {
  const of = (tag: number) => commonNames(withSubject([commonName('juliet', tag)]))
  for (const tag of [0x0c, 0x13, 0x16]) assert.deepEqual(of(tag), ['juliet'])
  for (const tag of [0x04, 0x14, 0x1e, 0x30]) assert.deepEqual(of(tag), [])
})

test('RFC 5280 §4.1.2.1: the first version of certificates says nothing of its version', () => {
  const certificate = withSubject([commonName('juliet')])
  const version = Buffer.from('a003020102', 'hex')
  const at = certificate.indexOf(version)
  const old = Buffer.concat([certificate.subarray(0, at), certificate.subarray(at + version.length)])
  for (const length of [1, 3]) old[length]! -= version.length
  assert.deepEqual(commonNames(old), ['juliet'])
})

test('S38: what is cut off anywhere has no names', () => {
  const whole = withSubject([commonName('juliet')], address('juliet@localhost'))
  assert.equal(alternativeNames(whole).length, 1)
  for (let cut = 0; cut < whole.length; cut++) {
    assert.deepEqual(commonNames(whole.subarray(0, cut)), [])
    assert.deepEqual(alternativeNames(whole.subarray(0, cut)), [])
  }
})

test('RFC 5280 §4.2.1.6: other names have a kind and a value', () => {
  const [name, host] = alternativeNames(withNames(address('juliet@localhost'), words(0x82, 'localhost')))
  assert.equal(otherName(name!)?.value.content.toString(), 'juliet@localhost')
  assert.equal(otherName(host!), undefined)
  assert.equal(otherName({ tag: 0xa0, content: Buffer.alloc(0) }), undefined)
})
