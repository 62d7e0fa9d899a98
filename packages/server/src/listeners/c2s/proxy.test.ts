import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readProxyHeader } from './proxy.ts'

const SIGNATURE = '0d0a0d0a000d0a515549540a'
const IP6 = '20010db8000000000000000000000001'

/** A header of version 2; `length` is right unless given. */
function binary(command: number, family: number, rest: string, length = rest.length / 2): Buffer {
  const fixed = Buffer.from([command, family, length >> 8, length & 0xff])
  return Buffer.concat([Buffer.from(SIGNATURE, 'hex'), fixed, Buffer.from(rest, 'hex')])
}

const addresses4 = 'c0000201c000020203e81466'
const addresses6 = `${IP6}${IP6}03e81466`
const from4 = { ip: '192.0.2.1', port: 1000 }
const from6 = { ip: '2001:db8::1', port: 1000 }

const valid: readonly (readonly [what: string, header: string | Buffer, origin: object | undefined])[] = [
  ['version 1, IPv4', 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 5222\r\n', from4],
  ['version 1, ports at their limits', 'PROXY TCP4 192.0.2.1 192.0.2.2 65535 0\r\n', { ip: '192.0.2.1', port: 65_535 }],
  ['version 1, IPv6', 'PROXY TCP6 2001:db8::1 2001:db8::2 1000 5222\r\n', from6],
  ['version 1, IPv6 in another spelling', 'PROXY TCP6 2001:0DB8:0:0::1 ::1 1000 5222\r\n', from6],
  [
    'version 1, IPv6 written out',
    `PROXY TCP6 ${Array(8).fill('ffff').join(':')} ${Array(8).fill('ffff').join(':')} 65535 65535\r\n`,
    { ip: Array(8).fill('ffff').join(':'), port: 65_535 },
  ],
  ['version 1, unknown', 'PROXY UNKNOWN\r\n', undefined],
  ['version 1, unknown, of the greatest length', `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`, undefined],
  ['version 2, IPv4', binary(0x21, 0x11, addresses4), from4],
  ['version 2, IPv6', binary(0x21, 0x21, addresses6), from6],
  ['version 2, a UNIX socket', binary(0x21, 0x31, '2f'.repeat(216)), undefined],
  ['version 2, unspecified', binary(0x21, 0x00, ''), undefined],
  ['version 2, unspecified with a rest', binary(0x21, 0x00, 'ffff'), undefined],
  ['version 2, a health check', binary(0x20, 0x00, ''), undefined],
  ['version 2, a health check with addresses, which do not count', binary(0x20, 0x11, addresses4), undefined],
  ['version 2, a health check of an unknown family', binary(0x20, 0xff, 'ff'), undefined],
  ['version 2, extensions', binary(0x21, 0x11, `${addresses4}0400035858580100026832`), from4],
  ['version 2, extensions as long as may be', binary(0x21, 0x11, addresses4 + '04'.repeat(4084)), from4],
]

for (const [what, header, origin] of valid)
  test(`S25: ${what}: understood at its last byte, neither earlier nor with more behind it`, () => {
    const bytes = Buffer.from(header)
    for (let length = 0; length < bytes.length; length++)
      assert.equal(readProxyHeader(bytes.subarray(0, length)), undefined, `${length} bytes`)
    const expected = { origin, length: bytes.length }
    assert.deepEqual(readProxyHeader(bytes), expected)
    for (const more of ['\n', 'PROXY UNKNOWN\r\n', '<stream:stream', '\0'.repeat(5000)])
      assert.deepEqual(readProxyHeader(Buffer.concat([bytes, Buffer.from(more)])), expected)
  })

const hostile: readonly (readonly [what: string, header: string | Buffer])[] = [
  ['no header', '<?xml version="1.0"?>'],
  ['TLS', Buffer.from('160301', 'hex')],
  ['small letters', 'proxy'],
  ['another word', 'PROXYTCP4 '],
  ['white space before it', ' PROXY'],
  ['no family', 'PROXY \r\n'],
  ['another family', 'PROXY TCP5 192.0.2.1 192.0.2.2 1000 5222\r\n'],
  ['UNKNOWN with a tail', 'PROXY UNKNOWNX\r\n'],
  ['no addresses', 'PROXY TCP4\r\n'],
  ['too few words', 'PROXY TCP4 192.0.2.1 192.0.2.2 1000\r\n'],
  ['too many words', 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 5222 1\r\n'],
  ['two spaces', 'PROXY TCP4  192.0.2.1 192.0.2.2 1000 5222\r\n'],
  ['a space at the end', 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 5222 \r\n'],
  ['the line feed alone', 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 5222\n'],
  ['two carriage returns', 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 5222\r\r\n'],
  ['an address of the other version', 'PROXY TCP4 ::1 ::1 1000 5222\r\n'],
  ['an address of version 4 as 6', 'PROXY TCP6 192.0.2.1 192.0.2.2 1000 5222\r\n'],
  ['a name', 'PROXY TCP4 localhost 192.0.2.2 1000 5222\r\n'],
  ['a wrong destination', 'PROXY TCP4 192.0.2.1 x 1000 5222\r\n'],
  ['zeros before', 'PROXY TCP4 192.000.2.1 192.0.2.2 1000 5222\r\n'],
  ['the name of an interface', 'PROXY TCP6 fe80::1%eth0 ::1 1000 5222\r\n'],
  ...['65536', '-1', '', '0x10', '1e3', '01', '1.5', '+1', 'NaN', 'Infinity', '1\0'].map((port): [string, string] => [
    `the port ${JSON.stringify(port)}`,
    `PROXY TCP4 192.0.2.1 192.0.2.2 ${port} 5222\r\n`,
  ]),
  ['a wrong port of destination', 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 99999\r\n'],
  ['a line without end', `PROXY UNKNOWN ${'x'.repeat(93)}`],
  ['a line of 108 bytes', `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`],
  ['a signature with a wrong end', Buffer.from('0d0a0d0a000d0a515549540b', 'hex')],
  ['version 1 in binary', binary(0x11, 0x11, addresses4)],
  ['version 3 in binary', binary(0x31, 0x11, addresses4)],
  ['an unknown command', binary(0x22, 0x11, addresses4)],
  ['UDP', binary(0x21, 0x12, addresses4)],
  ['an unknown family', binary(0x21, 0x41, addresses4)],
  ['an unspecified family with a transport', binary(0x21, 0x01, addresses4)],
  ['addresses that are cut', binary(0x21, 0x11, addresses4.slice(2))],
  ['addresses of version 4 as 6', binary(0x21, 0x21, addresses4)],
  ['a short UNIX socket', binary(0x21, 0x31, '2f'.repeat(215))],
  ['too long a rest', binary(0x21, 0x11, addresses4, 4097)],
  ['too long a rest of a health check', binary(0x20, 0x00, '', 65_535)],
]

test('S25: what is no header is told at the latest where it ends, and stays none', () => {
  for (const [what, header] of hostile) {
    const bytes = Buffer.from(header)
    assert.equal(readProxyHeader(bytes), false, what)
    assert.equal(readProxyHeader(Buffer.concat([bytes, Buffer.from('\r\nPROXY UNKNOWN\r\n')])), false, what)
    // A prefix may want more, but is never a header.
    for (let length = 0; length < bytes.length; length++)
      assert.ok(!readProxyHeader(bytes.subarray(0, length)), `${what}, ${length} bytes`)
  }
})
