import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SaslError } from '../errors.ts'
import { decodeBase64, MAX_MESSAGE, messageText } from './encoding.ts'

describe('RFC 4648 §3: base64', () => {
  it('has one spelling for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        assert.deepEqual(decodeBase64(Buffer.from(bytes).toString('base64')), Buffer.from(bytes))
      }),
    )
  })

  it('has no other characters, no other alphabet, no loose bits and no missing padding', () => {
    for (const text of ['AA', 'AAA', 'AAAA=', 'AB==', 'AA A', 'AAAA\n', '-_-_', '====', 'AAA\u0000', 'ＡＡＡＡ']) {
      assert.equal(decodeBase64(text), undefined, text)
    }
  })
})

describe('messages', () => {
  it('are UTF-8 text, also when they are a part of a larger buffer', () => {
    const part = Buffer.from('..Jürgen..').subarray(2, -2)
    assert.equal(messageText(part), 'Jürgen')
    assert.equal(messageText(Uint8Array.from([0x61])), 'a')
  })

  it('S11, S37: are refused when they are not UTF-8, empty or too long', () => {
    const overlong = Uint8Array.of(0xc0, 0x80)
    const surrogate = Uint8Array.of(0xed, 0xa0, 0x80)
    for (const message of [overlong, surrogate, new Uint8Array(0), Buffer.alloc(MAX_MESSAGE + 1, 'x')]) {
      assert.throws(() => messageText(message), SaslError)
    }
    assert.equal(messageText(Buffer.alloc(MAX_MESSAGE, 'x')).length, MAX_MESSAGE)
  })
})
