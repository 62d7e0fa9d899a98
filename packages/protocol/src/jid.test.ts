import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Jid, JidError, makeJid, parseJid, tryJid } from './jid.ts'
import { trickyText } from './prep/tricky.fixture.ts'

const parts = (jid: Jid) => [jid.local, jid.domain, jid.resource]
const message = (pattern: RegExp) => (error: unknown) => error instanceof JidError && pattern.test(error.message)

describe('reading JIDs, RFC 6122 §2', () => {
  const READ: readonly (readonly [text: string, local: string, domain: string, resource: string])[] = [
    ['capulet.example', '', 'capulet.example', ''],
    ['juliet@capulet.example', 'juliet', 'capulet.example', ''],
    ['juliet@capulet.example/balcony', 'juliet', 'capulet.example', 'balcony'],
    ['capulet.example/balcony', '', 'capulet.example', 'balcony'],
    // §2.1: the first "/" ends the domain, and an "@" behind it is the resource's.
    ['capulet.example/a@b', '', 'capulet.example', 'a@b'],
    ['juliet@capulet.example/a/b@c', 'juliet', 'capulet.example', 'a/b@c'],
    ['juliet@capulet.example//', 'juliet', 'capulet.example', '/'],
    ['Juliet@Capulet.Example./Balcony', 'juliet', 'capulet.example', 'Balcony'],
    ['foo\\20bar@capulet.example', 'foo\\20bar', 'capulet.example', ''],
    ['juliet@[2001:DB8::1]/r', 'juliet', '[2001:db8::1]', 'r'],
    ['juliet@192.0.2.1', 'juliet', '192.0.2.1', ''],
    ['ΣΊΣΥΦΟΣ@BÜCHER.example/Ⅳ 📱', 'σίσυφοσ', 'bücher.example', 'IV 📱'],
    ['fußball@xn--bcher-kva.example', 'fussball', 'bücher.example', ''],
  ]
  for (const [text, ...expected] of READ) {
    test(`§2: ${text}`, () => assert.deepEqual(parts(parseJid(text)), expected))
  }

  const REFUSED: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    ['nothing', '', /^domainpart is empty$/],
    ['an empty localpart', '@capulet.example', /^localpart is empty$/],
    ['an empty domain', 'juliet@', /^domainpart is empty$/],
    ['an empty domain before a resource', 'juliet@/balcony', /^domainpart is empty$/],
    ['only a resource', '/balcony', /^domainpart is empty$/],
    ['an empty resource', 'juliet@capulet.example/', /^resourcepart is empty$/],
    ['two @', 'juliet@capulet@example', /^domainpart is no host name and no IP address$/],
    ['a space in the localpart', 'ju liet@capulet.example', /^localpart holds characters which nodeprep forbids$/],
    ['a control in the resource', 'capulet.example/\u0007', /^resourcepart holds characters which resourceprep/],
    ['S67: a localpart which vanishes', '\u00ad@capulet.example', /^localpart is empty when prepared$/],
    ['S67: a resource which vanishes', 'capulet.example/\u200d', /^resourcepart is empty when prepared$/],
    ['S67: mixed directions', '\u05d0a\u05d0@capulet.example', /^localpart holds characters/],
    ['S67: a full-width @ in the localpart', 'a\uff20b@capulet.example', /^localpart holds characters/],
    ['S67: a full-width / in the domain', 'capulet.example\uff0fr', /^domainpart is no host name/],
    ['S67: a localpart of 1024 bytes', `${'a'.repeat(1024)}@b`, /^localpart is longer than 1023 bytes$/],
    ['S67: a localpart of 1024 bytes in 512 letters', `${'ü'.repeat(512)}@b`, /^localpart is longer than 1023 bytes$/],
    ['S67: a resource of 1024 bytes in 256 emoji', `b/${'😀'.repeat(256)}`, /^resourcepart is longer than 1023 bytes$/],
    ['S67: a resource which grows beyond 1023 bytes', `b/${'\ufdfa'.repeat(341)}`, /^resourcepart is longer than/],
    ['S67: a resource which would shrink to 1 byte', `b/a${'\u00ad'.repeat(600)}`, /^resourcepart is longer than/],
    ['S67: a domain of 1025 bytes', 'ab.'.repeat(341) + 'ab', /^domainpart is longer than 1023 bytes$/],
  ]
  for (const [what, text, pattern] of REFUSED) {
    test(`§2: refuses ${what}`, () => {
      assert.throws(() => parseJid(text), message(pattern))
      assert.equal(tryJid(text), undefined)
    })
  }

  test('S67: §2.1: parts of exactly 1023 bytes pass', () => {
    const domain = 'ab.'.repeat(340) + 'abc'
    for (const part of ['a'.repeat(1023), 'é'.repeat(511) + 'a', '中'.repeat(341), '😀'.repeat(255) + 'abc']) {
      assert.deepEqual(parts(parseJid(`${part}@${domain}/${part}`)), [part, domain, part])
    }
  })

  test('tryJid: no text is no JID', () => assert.equal(tryJid(undefined), undefined))

  test('S67: reading what was written gives the same JID', () => {
    const texts = fc.tuple(trickyText, fc.constantFrom('capulet.example', 'bücher.example', '[::1]'), trickyText)
    fc.assert(
      fc.property(texts, ([local, domain, resource]) => {
        const jid = tryJid(`${local}@${domain}/${resource}`)
        if (jid === undefined) return
        assert.deepEqual(parts(parseJid(jid.toString())), parts(jid))
        assert.deepEqual(parts(makeJid(jid.local, jid.domain, jid.resource)), parts(jid))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the memo', () => {
  test('gives the same object for the same text', () => {
    assert.equal(parseJid('memo@capulet.example/a'), parseJid('memo@capulet.example/a'))
  })

  test('S67: what was refused once is refused again', () => {
    for (let round = 0; round < 2; round++) assert.equal(tryJid('me mo@capulet.example'), undefined)
  })

  test('forgets', () => {
    const before = parseJid('forgotten@capulet.example')
    for (let n = 0; n < 10_000; n++) parseJid(`user${n}@capulet.example`)
    const after = parseJid('forgotten@capulet.example')
    assert.notEqual(after, before)
    assert.ok(after.equals(before))
  })
})

describe('Jid', () => {
  const juliet = parseJid('juliet@capulet.example/balcony')

  test('bare has no resource, and is made once', () => {
    assert.equal(juliet.bare.toString(), 'juliet@capulet.example')
    assert.equal(juliet.bare, juliet.bare)
    assert.equal(juliet.bare.bare, juliet.bare)
  })

  test('toString leaves absent parts out', () => {
    assert.equal(new Jid('', 'capulet.example', '').toString(), 'capulet.example')
    assert.equal(new Jid('', 'capulet.example', 'r').toString(), 'capulet.example/r')
    assert.equal(`${makeJid('a', 'b', 'c')}`, 'a@b/c')
  })

  test('equals compares all parts', () => {
    assert.ok(juliet.equals(makeJid('JULIET', 'CAPULET.example', 'balcony')))
    for (const other of ['juliet@capulet.example', 'romeo@capulet.example/balcony', 'juliet@a.example/balcony']) {
      assert.ok(!juliet.equals(parseJid(other)))
    }
  })

  test('a deep comparison does not see what is cached', () => {
    const fresh = makeJid('juliet', 'capulet.example', 'balcony')
    assert.notEqual(juliet.bare.toString() + juliet.toString(), '')
    assert.deepEqual(juliet, fresh)
  })

  test('withResource prepares, shares the bare JID, and refuses', () => {
    const chamber = juliet.withResource('\uff23hamber')
    assert.equal(chamber.toString(), 'juliet@capulet.example/Chamber')
    assert.equal(chamber.bare, juliet.bare)
    assert.throws(() => juliet.withResource(''), message(/^resourcepart is empty$/))
    assert.throws(() => juliet.withResource('\u0000'), message(/^resourcepart holds/))
    assert.throws(() => juliet.withResource('a'.repeat(1024)), message(/^resourcepart is longer/))
  })

  test('makeJid takes no part for a separator', () => {
    assert.throws(() => makeJid('a@b', 'c'), message(/^localpart holds/))
    assert.throws(() => makeJid('a', 'b/c'), message(/^domainpart is no/))
    assert.deepEqual(parts(makeJid('', 'b', 'a@b/c')), ['', 'b', 'a@b/c'])
  })
})
