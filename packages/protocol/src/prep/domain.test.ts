import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { domainToAscii, domainprep } from './domain.ts'
import { trickyText } from './tricky.fixture.ts'

type Row = readonly [what: string, text: string, prepared: string | undefined, ascii?: string]

const NAMES: readonly Row[] = [
  ['RFC 6122 §2.2: an ASCII name in lower case', 'Capulet.EXAMPLE', 'capulet.example'],
  ['RFC 7622 §3.2: one dot at the end goes', 'capulet.example.', 'capulet.example'],
  ['RFC 7622 §3.2: two dots at the end are an empty label', 'capulet.example..', undefined],
  ['RFC 3490 §3.1: four characters are dots', 'a\u3002b\uff0ec\uff61d\u3002', 'a.b.c.d', 'a.b.c.d'],
  ['RFC 3490 §3.1: another dot is not', 'a\u2024b', undefined],
  ['an empty label is refused', 'a..b', undefined],
  ['an empty first label is refused', '.a', undefined],
  ['the root alone is refused', '.', undefined],
  ['RFC 3490 §4.1: STD 3 refuses a hyphen first', '-a.example', undefined],
  ['RFC 3490 §4.1: STD 3 refuses a hyphen last', 'a-.example', undefined],
  ['RFC 3490 §4.1: STD 3 refuses a space', 'a b.example', undefined],
  ['RFC 3490 §4.1: STD 3 refuses @ beside others', 'ü@b.example', undefined],
  ['an underscore passes', 'xmpp_1.example', 'xmpp_1.example', 'xmpp_1.example'],
  ['RFC 3490 §4.1: 63 bytes of label', 'a'.repeat(63), 'a'.repeat(63)],
  ['RFC 3490 §4.1: 64 bytes of label', 'a'.repeat(64), undefined],
  ['RFC 3490 §4.1: 64 bytes of encoded label', 'ü'.repeat(58), undefined],
  ['RFC 3490 §4.1: nameprep may shorten a label', `${'a'.repeat(63)}\u00ad`, 'a'.repeat(63)],
  ['RFC 3490 §4.1: a mapped name', 'BÜCHER.example', 'bücher.example', 'xn--bcher-kva.example'],
  ['RFC 3490 §4.2: an encoded name', 'XN--BCHER-KVA.example', 'bücher.example', 'xn--bcher-kva.example'],
  ['RFC 3490 §4.2: a prefix in full width', '\uff58n--bcher-kva', 'bücher', 'xn--bcher-kva'],
  ['RFC 3490 §4.2: an IDNA2008 name stays encoded', 'xn--strae-oqa.de', 'xn--strae-oqa.de', 'xn--strae-oqa.de'],
  ['RFC 3490 §4.2: a wrong code stays', 'xn--99999999', 'xn--99999999', 'xn--99999999'],
  ['RFC 3490 §4.1 step 5: the prefix before other text is refused', 'xn--ü', undefined],
  ['RFC 3490 §4.1: ß is ss', 'straße.de', 'strasse.de', 'strasse.de'],
  ['a label unknown to Unicode 3.2', '💩.la', '💩.la', 'xn--ls8h.la'],
  ['right to left, label by label', 'a.\u05d0\u05d1', 'a.\u05d0\u05d1', 'a.xn--4dbc'],
  ['right to left mixed in a label', '\u05d0a.example', undefined],
  ['an IPv4 address', '192.0.2.1', '192.0.2.1', '192.0.2.1'],
  ['an IPv6 address', '[2001:DB8::1]', '[2001:db8::1]', '[2001:db8::1]'],
  ['an IPv6 address in its one form', '[2001:db8:0:0:0:0:0:1]', '[2001:db8::1]'],
  ['an IPv6 address without an end', '[2001:db8::1', undefined],
  ['an IPv6 address with a zone', '[fe80::1%25eth0]', undefined],
  ['an IPv6 address with a port', '[2001:db8::1]:80', undefined],
  ['an IPv4 address in brackets', '[192.0.2.1]', undefined],
  ['an IPv6 address without brackets', '2001:db8::1', undefined],
  ['nothing', '', undefined],
]

describe('domainparts, RFC 6122 §2.2', () => {
  for (const [what, text, prepared, ascii] of NAMES) {
    test(`S67: ${what}`, () => {
      assert.equal(domainprep(text), prepared)
      if (ascii !== undefined || prepared === undefined) assert.equal(domainToAscii(text), ascii)
    })
  }

  test('S67: a prepared domain is prepared, and names the same host', () => {
    fc.assert(
      fc.property(trickyText, (text) => {
        const prepared = domainprep(text)
        if (prepared === undefined) return
        assert.equal(domainprep(prepared), prepared)
        assert.equal(domainToAscii(prepared), domainToAscii(text))
        assert.equal(domainprep(domainToAscii(prepared)!), prepared)
      }),
      { numRuns: 1000 },
    )
  })

  test('S67: a name much longer than any is refused before it is split', () => {
    assert.equal(domainprep('ü.'.repeat(100_000)), undefined)
  })
})
