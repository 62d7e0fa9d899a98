import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { nameprep, nodeprep, resourceprep, saslprep } from './profiles.ts'
import { trickyText } from './tricky.fixture.ts'

type Row = readonly [what: string, text: string, prepared: string | undefined]

function rows(profile: string, prepare: (text: string) => string | undefined, table: readonly Row[]): void {
  for (const [what, text, prepared] of table) {
    test(`${profile}: ${what}`, () => assert.equal(prepare(text), prepared))
  }
}

describe('nodeprep, RFC 6122 Appendix A', () => {
  rows('A.3', nodeprep, [
    ['plain ASCII', 'juliet', 'juliet'],
    ['ASCII upper case', 'Juliet-1.X', 'juliet-1.x'],
    ['the empty string', '', ''],
  ])
  for (const char of ' "&\'/:<>@') {
    test(`A.5: refuses ${JSON.stringify(char)}`, () => assert.equal(nodeprep(`a${char}b`), undefined))
    test(`A.5: refuses ${JSON.stringify(char)} beside text beyond ASCII`, () =>
      assert.equal(nodeprep(`ä${char}b`), undefined))
  }
  rows('S67', nodeprep, [
    ['sharp s is folded', 'straße', 'strasse'],
    ['capital sharp s, unknown to Unicode 3.2, stays', '\u1e9e', '\u1e9e'],
    ['final sigma is folded', 'ΣΊΣΥΦΟς', 'σίσυφοσ'],
    ['Roman numeral four is two letters', '\u2163', 'iv'],
    ['full-width letters are letters', 'ＪＵＬＩＥＴ', 'juliet'],
    ['full-width @ is refused', 'a\uff20b', undefined],
    ['a soft hyphen vanishes', 'ju\u00adliet', 'juliet'],
    ['a zero-width joiner vanishes', 'ju\u200dliet', 'juliet'],
    ['a byte order mark vanishes', '\ufeffjuliet', 'juliet'],
    ['a no-break space is refused', 'a\u00a0b', undefined],
    ['an ideographic space is refused', 'a\u3000b', undefined],
    ['private use is refused', 'a\ue000', undefined],
    ['a noncharacter is refused', 'a\ufdd0', undefined],
    ['a lone surrogate is refused', 'a\ud800', undefined],
    ['a direction override is refused', 'a\u202eb', undefined],
    ['a tag character is refused', 'a\u{e0041}', undefined],
    ['the replacement character is refused', 'a\ufffd', undefined],
    ['ASCII delete is refused', 'a\u007f', undefined],
    ['Cherokee has no case in Unicode 3.2', '\u13a0\u13f0', '\u13a0\u13f0'],
    ['Georgian capitals have no case in Unicode 3.2', '\u10a0', '\u10a0'],
    ['Turkish dotted I keeps its dot', '\u0130', 'i\u0307'],
    ['Turkish dotless i is a letter of its own', '\u0131', '\u0131'],
    ['the kelvin sign is k', '\u212a', 'k'],
    ['a letter and its accent are composed', 'e\u0301', '\u00e9'],
    ['a ligature comes apart', '\ufb03', 'ffi'],
    ['right to left', '\u05d0\u05d1', '\u05d0\u05d1'],
    ['right to left around a Latin letter is refused', '\u05d0a\u05d0', undefined],
    ['right to left must be at both ends', '\u05d01', undefined],
    ['right to left around a digit', '\u05d01\u05d0', '\u05d01\u05d0'],
    ['an emoji, unknown to Unicode 3.2, stays', 'a😀', 'a😀'],
    ['a mark after an unknown letter stays uncomposed', '\u{105d2}\u0307', '\u{105d2}\u0307'],
    ['a compatibility letter of a later Unicode stays', '\u{1f130}', '\u{1f130}'],
    ['an ideograph corrected after Unicode 3.2 has its old form', '\u{2f868}', '\u{2136a}'],
  ])
})

describe('resourceprep, RFC 6122 Appendix B', () => {
  rows('B', resourceprep, [
    ['ASCII keeps its case and its spaces', 'Home PC <1> @/', 'Home PC <1> @/'],
    ['control characters are refused', 'a\u0007', undefined],
    ['control characters beside others are refused', 'ä\u0007', undefined],
  ])
  rows('S67', resourceprep, [
    ['case beyond ASCII is kept', 'BALKON Σß', 'BALKON Σß'],
    ['full-width letters are letters', 'Ａ', 'A'],
    ['emoji', '📱 Home', '📱 Home'],
    ['a joined emoji loses its joiner', '👩\u200d💻', '👩💻'],
    ['a no-break space becomes a space', 'a\u00a0b', 'a b'],
    ['an Ogham space is refused', 'a\u1680b', undefined],
    ['bidi is checked', '\u05d0a\u05d0', undefined],
  ])
})

describe('nameprep, RFC 3491', () => {
  rows('§3', nameprep, [
    ['maps to nothing', 'foo\u00ad\u034f\u1806\u180b\u200b\u200c\u200d\u2060\ufe00\ufeffbar', 'foobar'],
    ['folds ASCII', 'CAFE', 'cafe'],
    ['folds beyond ASCII', 'ß', 'ss'],
    ['folds the iota below', '\u1fb7', '\u1fb6\u03b9'],
    ['folds and normalises a symbol', '\u2121\u33c6\u{1d7bb}', 'telc\u2215kg\u03c3'],
  ])
  rows('§5', nameprep, [
    ['leaves ASCII controls to STD 3', 'a\u0007', 'a\u0007'],
    ['refuses other controls', 'a\u0085', undefined],
    ['refuses a line separator', 'a\u2028', undefined],
    ['refuses ideographic description', 'a\u2ff5', undefined],
  ])
  rows('§6', nameprep, [['bidi', '\u0627\u0031', undefined]])
})

describe('SASLprep, RFC 4013', () => {
  rows('§3', saslprep, [
    ['1: soft hyphen maps to nothing', 'I\u00adX', 'IX'],
    ['2: no transformation', 'user', 'user'],
    ['3: case is kept', 'USER', 'USER'],
    ['4: NFKC', '\u00aa', 'a'],
    ['5: NFKC', '\u2168', 'IX'],
    ['6: prohibited', '\u0007', undefined],
    ['7: bidi', '\u0627\u0031', undefined],
  ])
  rows('§2.1', saslprep, [
    ['a no-break space is a space', 'a\u00a0b', 'a b'],
    ['an Ogham space is a space', 'a\u1680b', 'a b'],
    ['a zero-width space is a space, not nothing', 'a\u200bb', 'a b'],
  ])
  test('§2.5: what Unicode 3.2 does not know passes in a query, and is not stored', () => {
    assert.equal(saslprep('pass😀'), undefined)
    assert.equal(saslprep('pass😀', { query: true }), 'pass😀')
  })
})

describe('all profiles', () => {
  const query = (text: string) => saslprep(text, { query: true })
  for (const prepare of [nodeprep, resourceprep, nameprep, saslprep, query]) {
    test(`S67: ${prepare.name} leaves prepared text alone`, () => {
      fc.assert(
        fc.property(trickyText, (text) => {
          const prepared = prepare(text)
          if (prepared !== undefined) assert.equal(prepare(prepared), prepared)
        }),
        { numRuns: 1000 },
      )
    })
  }
})
