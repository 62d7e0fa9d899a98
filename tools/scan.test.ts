import assert from 'node:assert/strict'
import { test } from 'node:test'
import { functionLengths, lineKinds, scan } from './scan.ts'

test('comments, strings, templates and regular expressions are blanked, positions stay', () => {
  const source = "const a = 'x{' // y{\nconst b = /[/{]/.test(c) /* { */\nconst d = `{${f({ g: '}' })}{` / 2\n"
  const { code, text } = scan(source)
  assert.equal(code.length, source.length)
  assert.equal(text.length, source.length)
  assert.deepEqual(
    code.split('\n').map((line) => line.replace(/ +/g, ' ').trim()),
    ['const a =', 'const b = .test(c)', 'const d = f({ g: }) / 2', ''],
  )
  assert.ok(text.includes("'x{'") && !text.includes('y{'))
})

test('a division is no regular expression', () => {
  assert.equal(scan("a / b; c = d / 'e'").code, 'a / b; c = d /    ')
})

test('lines of comment are those with nothing else', () => {
  assert.deepEqual(lineKinds('/** one\n * two */\nconst a = 1 // three\n\nconst b = 2\n'), { code: 2, comment: 2 })
})

test('functions, methods and closures are measured, control structures and classes are not', () => {
  const source = [
    'export function one(', //  1
    '  a: number,', //          2
    '): Map<string, number> {', // 3
    '  if (a) {', //            4
    '    return two', //        5
    '  }', //                   6
    '}', //                     7
    'class C extends base(x) {', // 8
    '  go(b: (x: number) => void): void {', // 9
    '    b(1)', //             10
    '  }', //                  11
    '}', //                    12
    'if (x.some((y) => {', //  13: a closure in a condition is one
    '  return y', //           14
    '})) {', //                15
    '}', //                    16
    'const data = {', //       17
    '  key: async () => {', // 18
    '  },', //                 19
    '}', //                    20
    'interface I {', //        21
    '  m(): {', //             22
    '    n: number', //        23
    '  }', //                  24
    '}', //                    25
  ].join('\n')
  assert.deepEqual(functionLengths(source), [
    { line: 1, length: 7 },
    { line: 9, length: 3 },
    { line: 13, length: 3 },
    { line: 18, length: 2 },
  ])
})
