import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import { buildSicAddress, parseSicAddress } from './sic.ts'

describe('XEP-0279 §2: the address of a client', () => {
  it('IPv4 and IPv6, built and read', () => {
    for (const ip of ['192.168.4.1', '2001:db8::9:1']) {
      const address = buildSicAddress({ ip, port: 12_345 })
      const expected = `<address xmlns='urn:xmpp:sic:1'><ip>${ip}</ip><port>12345</port></address>`
      assert.equal(serialize(address), serialize(parseElement(expected)))
      assert.deepEqual(parseSicAddress(address), { ip, port: 12_345 })
    }
  })

  it('the port may be missing or wrong, the address may not', () => {
    const read = (inside: string) =>
      parseSicAddress(parseElement(`<address xmlns='urn:xmpp:sic:1'>${inside}</address>`))
    assert.deepEqual(read('<ip>192.0.2.1</ip>'), { ip: '192.0.2.1', port: undefined })
    assert.deepEqual(read('<ip>192.0.2.1</ip><port>none</port>'), { ip: '192.0.2.1', port: undefined })
    assert.equal(read('<port>1</port>'), undefined)
  })
})
