import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseMechanism, mechanismByConfigName, mechanismInfo, mechanismNames } from './index.ts'

describe('mechanisms', () => {
  it('are advertised with channel binding first, the longest hash first, PLAIN last', () => {
    assert.deepEqual(mechanismNames, [
      'SCRAM-SHA-512-PLUS',
      'SCRAM-SHA-384-PLUS',
      'SCRAM-SHA-256-PLUS',
      'SCRAM-SHA-224-PLUS',
      'SCRAM-SHA-1-PLUS',
      'SCRAM-SHA-512',
      'SCRAM-SHA-384',
      'SCRAM-SHA-256',
      'SCRAM-SHA-224',
      'SCRAM-SHA-1',
      'PLAIN',
    ])
  })

  it('have names in the configuration', () => {
    assert.equal(mechanismByConfigName('scram_sha512_plus')?.name, 'SCRAM-SHA-512-PLUS')
    assert.equal(mechanismByConfigName('scram_sha1')?.name, 'SCRAM-SHA-1')
    assert.equal(mechanismByConfigName('plain')?.name, 'PLAIN')
    assert.equal(mechanismByConfigName('toString'), undefined)
    assert.equal(mechanismInfo('scram-sha-1'), undefined)
  })
})

describe('the choice of a client', () => {
  const tls = { channelBinding: true, tls: true }

  it('is the best that is offered, in whatever order', () => {
    const offered = mechanismNames.toReversed()
    assert.equal(chooseMechanism(offered, tls), 'SCRAM-SHA-512-PLUS')
    assert.equal(chooseMechanism(offered, { channelBinding: false, tls: true }), 'SCRAM-SHA-512')
    assert.equal(chooseMechanism(['PLAIN', 'SCRAM-SHA-1', 'X-OAUTH'], tls), 'SCRAM-SHA-1')
  })

  it('RFC 4616 §4: is PLAIN only when nothing else is there and the connection is encrypted', () => {
    assert.equal(chooseMechanism(['PLAIN'], tls), 'PLAIN')
    assert.equal(chooseMechanism(['PLAIN'], { channelBinding: false, tls: false }), undefined)
    assert.equal(chooseMechanism(['SCRAM-SHA-1-PLUS', 'ANONYMOUS'], { channelBinding: false, tls: true }), undefined)
  })
})
