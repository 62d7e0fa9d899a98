import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse, stringify } from 'smol-toml'
import { lineOf, mapLines } from './line-map.ts'
import { type Path } from './read-settings.ts'

const sample = `# a comment with [brackets] = "and quotes
title = "a # b"   # comment
[general]
  hosts = [ # comment ]
    "a",

    "b]",
  ]
  a.b = 1
  "quo.ted\\u0041" = 2
  'lit.eral' = 3
text = """one
two \\""" still
three"""""
after = '''
x = 1
'''
inline = { a = 1, b = { c = [ { d = 1 }, { d = 2 } ] } }
[[listen.c2s]]
  port = 1
  [listen.c2s.tls]
    mode = "tls"
[[listen.c2s]]
  port = 2
  [[listen.c2s.deep]]
  x = 1979-05-27T07:32:00Z
  [[listen.c2s.deep]]
  y = -1_000
  tls = {mode = "starttls",
     extra = 1}
`

const expected: [path: Path, line: number][] = [
  [['title'], 2],
  [['general'], 3],
  [['general', 'hosts'], 4],
  [['general', 'hosts', 0], 5],
  [['general', 'hosts', 1], 7],
  [['general', 'a', 'b'], 9],
  [['general', 'quo.tedA'], 10],
  [['general', 'lit.eral'], 11],
  [['general', 'text'], 12],
  [['general', 'after'], 15],
  [['general', 'inline', 'b', 'c', 1, 'd'], 18],
  [['listen', 'c2s'], 19],
  [['listen', 'c2s', 0, 'port'], 20],
  [['listen', 'c2s', 0, 'tls', 'mode'], 22],
  [['listen', 'c2s', 1], 23],
  [['listen', 'c2s', 1, 'deep', 0, 'x'], 26],
  [['listen', 'c2s', 1, 'deep', 1, 'y'], 28],
  [['listen', 'c2s', 1, 'deep', 1, 'tls', 'extra'], 30],
]

test('the line of every kind of key is found', () => {
  // The last inline table spans lines, which TOML 1.1 allows; the parser decides, the map only has to follow.
  const map = mapLines(sample)
  for (const [path, line] of expected) assert.equal(lineOf(map, path), line, path.join('.'))
})

test('a key that is not written has the line of the nearest section', () => {
  const map = mapLines(sample)
  assert.equal(lineOf(map, ['listen', 'c2s', 1, 'tls', 'mode']), 23)
  assert.equal(lineOf(map, ['nothing']), 1)
})

test('whatever the parser accepts, every key has a line that names it', () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }))
  const key = fc.stringMatching(/^[a-z]{1,4}$/u)
  const table = fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf, { maxKeys: 3 })), { maxKeys: 4 })
  fc.assert(
    fc.property(table, (value) => {
      const text = stringify(value)
      const lines = text.split('\n')
      const map = mapLines(text)
      for (const [name, inner] of Object.entries(parse(text))) {
        assert.ok(lines[lineOf(map, [name]) - 1]?.includes(name))
        if (typeof inner !== 'object' || Array.isArray(inner)) continue
        for (const deep of Object.keys(inner))
          assert.match(lines[lineOf(map, [name, deep]) - 1] ?? '', new RegExp(`^"?${deep}"? =`, 'u'))
      }
    }),
    { numRuns: 100 },
  )
})
