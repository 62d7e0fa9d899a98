import assert from 'node:assert/strict'
import { test } from 'node:test'
import { offerDigest } from './offer.ts'

test('XEP-0474 §5: the digest covers the sorted mechanisms and types of channel binding', () => {
  const mechanisms = ['SCRAM-SHA-1-PLUS', 'SCRAM-SHA-1', 'PLAIN']
  const channelBindings = ['tls-server-end-point', 'tls-exporter']
  // SHA-256 of the names in order, with 0x1E between names and 0x1F between the lists.
  assert.equal(offerDigest({ mechanisms, channelBindings }, 'sha256'), 'L+WRgREyGx79QkjXUAOWgekjdnE3D5D33Ho2bkPgG2U=')
})

test('XEP-0474 §5: without channel binding the second list is left out', () => {
  const offer = { mechanisms: ['SCRAM-SHA-1', 'PLAIN'], channelBindings: [] }
  assert.equal(offerDigest(offer, 'sha256'), 'aE0ZQpXO33awheXK+2X8RthcH6Xsl7MDkkir/XU/hKY=')
})
