import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { test } from 'node:test'

/** Modules of which something goes with an account, and nothing is the user's to have, each with its reason. */
const NOTHING = new Map([
  ['register', 'it removes accounts'],
  ['resent', 'hashes of ids that clients have sent, for a week'],
])

/** The module of a file: its folder, or the file itself. */
const moduleOf = (file: string): string => {
  const folder = dirname(file)
  return folder === '.' ? file.replace(/\.ts$/, '') : folder.split(sep)[0]!
}

test('what goes with an account can be retrieved by its user', () => {
  const files = globSync('**/*.ts', { cwd: import.meta.dirname }).filter((file) => !file.endsWith('.test.ts'))
  const having = (words: string): Set<string> =>
    new Set(files.filter((file) => readFileSync(join(import.meta.dirname, file), 'utf8').includes(words)).map(moduleOf))
  const told = having('personalData.on(')
  const removed = having('accountRemoved.on(')
  assert.ok(told.size >= 8, [...told].join(' '))
  for (const module of removed)
    assert.ok(
      told.has(module) || NOTHING.has(module),
      `${module} keeps something of users: answer the hook personalData`,
    )
})
