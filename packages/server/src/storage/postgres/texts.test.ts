import { deepEqual, equal, match } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { numbered, Texts } from './texts.ts'

describe('texts for PostgreSQL', () => {
  it('numbers parameters, and leaves literals, quoted names and comments alone', () => {
    equal(numbered('a = ? AND b IN (?, ?)'), 'a = $1 AND b IN ($2, $3)')
    equal(numbered(`'?' "?" 'it''s ?' ? -- ? '\n?`), `'?' "?" 'it''s ?' $1 -- ? '\n$2`)
    equal(numbered('no parameters'), 'no parameters')
    equal(numbered(`? 'open ?`), `$1 'open ?`)
  })

  it('changes nothing but question marks', () => {
    const part = fc.constantFrom('?', "'a?'", '"?"', ' x ', '--?\n', '- ')
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        let next = 0
        equal(numbered(parts.join('')), parts.map((each) => (each === '?' ? `$${++next}` : each)).join(''))
      }),
    )
  })

  it('has a statement prepared that comes again, under one name for each text', () => {
    const texts = new Texts()
    const names = ['SELECT ?', 'SELECT ?', 'SELECT ?', 'SELECT 1', 'SELECT 1'].map(
      (sql) => texts.statement(sql, []).name,
    )
    deepEqual(names, [undefined, 'm1', 'm1', undefined, 'm2'])
  })

  it('tells a write that must change a row from the same text that need not', () => {
    const texts = new Texts()
    for (const mustChange of [false, true]) texts.statement('DELETE FROM t', [], mustChange)
    const plain = texts.statement('DELETE FROM t', [])
    const must = texts.statement('DELETE FROM t', [], true)
    equal(plain.text, 'DELETE FROM t')
    match(must.text, /^WITH changed AS \(DELETE FROM t RETURNING 1\)/)
    equal(plain.name === must.name, false)
  })
})
