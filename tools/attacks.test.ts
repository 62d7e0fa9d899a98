import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { attackRows } from './attack-rows.ts'
import { attack } from './attack-rows/row.ts'
import { isBad, judge, rowsIn, rowsInSource, table } from './attacks.ts'
import { files, isDevelopment, isGenerated, root } from './files.ts'
import { regularExpressions, repeatsWithin, startsRepeating } from './regular-expressions.ts'
import { type Result } from './test-reporter.ts'

const result = (name: string, outcome: Result['outcome'] = 'passed'): Result => ({
  name,
  outcome,
  file: 'a.test.ts',
  reason: '',
})

test('titles name rows at their beginning or within, one or several, once each', () => {
  assert.deepEqual(rowsIn('S5: text'), ['S5'])
  assert.deepEqual(rowsIn('R1, R3: kill -9'), ['R1', 'R3'])
  assert.deepEqual(rowsIn('a suite > §4.1.2: by time; S61: a range (R28)'), ['S61', 'R28'])
  assert.deepEqual(rowsIn('S5: once > S5: twice'), ['S5'])
  assert.deepEqual(rowsIn('RS256, S256: and SHA-1; XS5: no'), [])
})

test('the state of a row', () => {
  const rows = [
    attack('S1', 'tried', 'answer'),
    attack('S2', 'tried', 'answer', 'rooms'),
    attack('S3', 'tried', 'answer', 'rooms'),
    attack('S4', 'tried', 'answer'),
    attack('S5', 'tried', 'answer'),
    attack('S6', 'tried', 'answer'),
  ]
  const judged = judge(rows, [
    result('S1: a'),
    result('S1, S2: b'),
    result('S5: c', 'failed'),
    result('S5: d'),
    result('S6: e', 'skipped'),
  ])
  assert.deepEqual(
    judged.map(({ row, state, tests }) => `${row.row} ${state} ${tests}`),
    ['S1 passed 2', 'S2 in part 1', 'S3 not built 0', 'S4 NO TEST 0', 'S5 FAILED 2', 'S6 skipped 1'],
  )
  assert.deepEqual(
    judged.filter(isBad).map(({ row }) => row.row),
    ['S4', 'S5'],
  )
  assert.match(table(judged), /^S5 +FAILED +2 +1 +1 +0 {2}tried$/m)
})

test('every row that is asked for is there once, with words', () => {
  const names = attackRows.map(({ row }) => row)
  assert.equal(new Set(names).size, names.length)
  const range = (letter: string, from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `${letter}${from + index}`)
  const attacks = [range('S', 1, 32), ['S36', 'S37'], range('S', 43, 61), ['S63', 'S64', 'S67', 'S90']]
  const faults = [range('R', 1, 11), range('R', 20, 25), ['R28']]
  const asked = [...attacks, ...faults].flat()
  assert.deepEqual(
    asked.filter((row) => !names.includes(row)),
    [],
  )
  for (const { row, tried, answer } of attackRows) assert.ok(tried !== '' && answer.endsWith('.'), row)
})

test('repetitions within repetitions are found', () => {
  for (const source of ['(a+)+', '(?:a*b?)*', '(x|a+){2,}', '((a+))*', '(?<n>[a-z]+)*'])
    assert.ok(repeatsWithin(source), source)
  for (const source of ['(ab)+', 'a+b+', '(?:a{2})*', '[(+]+(b)*', '(a+)?', '\\(a+\\)+', '(?:a+){3}'])
    assert.ok(!repeatsWithin(source), source)
})

test('expressions that begin with a repetition, and do not end with it, are found', () => {
  for (const source of ['=+$', '[a-z]*x', '\\s+$', '\\d{2,}x']) assert.ok(startsRepeating(source), source)
  for (const source of ['^=+$', '\\s+', ':\\d+$', '={1,2}$', 'a+']) assert.ok(!startsRepeating(source), source)
})

test('expressions are told from strings, comments and divisions', () => {
  const source = "const a = b / c / d // e /f/\nconst g = /[/]h+/u.test('/i/') ? x.split(/ +/) : `/j/`\n"
  assert.deepEqual(regularExpressions(source), ['[/]h+', ' +'])
})

test('S15: no regular expression of the server, or of what it reads XML with, repeats within a repetition or begins with one', () => {
  const sources = files('packages/*/src/**/*.ts').filter((path) => !isDevelopment(path) && !isGenerated(path))
  const found = sources.flatMap((path) =>
    regularExpressions(readFileSync(join(root, path), 'utf8')).map((expression) => ({ path, expression })),
  )
  assert.ok(found.length > 15, 'the expressions are found at all')
  assert.deepEqual(
    found.filter(({ expression }) => repeatsWithin(expression) || startsRepeating(expression)),
    [],
  )
})

test('rows are found in the titles of a source, and not in its code', () => {
  const source =
    "it('S5: a', () => x('S7: b'))\ntest(`R1, R3: ${c}`, () => {})\ndescribe(\"§4; S61: d\", run)\nconst S8 = [S9, 'S10: e']\n"
  assert.deepEqual(rowsInSource(source), ['S5', 'S7', 'R1', 'R3', 'S61'])
})
