import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { selfSigned } from './index.ts'

test('RFC 5280 §4.1: the certificate is well-formed, signed by its own key, and for its names', () => {
  const { key, cert } = selfSigned('capulet.example', 'conference.capulet.example', '127.0.0.1')
  const certificate = new X509Certificate(cert)

  assert.ok(certificate.verify(certificate.publicKey))
  assert.ok(certificate.ca)
  assert.equal(certificate.checkHost('conference.capulet.example'), 'conference.capulet.example')
  assert.equal(certificate.checkHost('montague.example'), undefined)
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1')
  assert.match(key, /^-----BEGIN PRIVATE KEY-----/)
})

test('each certificate has its own key and number', () => {
  const [one, other] = [selfSigned('a.example'), selfSigned('a.example')].map(({ cert }) => new X509Certificate(cert))
  assert.notEqual(one!.serialNumber, other!.serialNumber)
  assert.notEqual(one!.fingerprint256, other!.fingerprint256)
})

test('many names make a certificate with long lengths', () => {
  const names = Array.from({ length: 60 }, (_, i) => `host${i}.example`)
  const certificate = new X509Certificate(selfSigned('first.example', ...names).cert)
  assert.equal(certificate.checkHost('host59.example'), 'host59.example')
})
