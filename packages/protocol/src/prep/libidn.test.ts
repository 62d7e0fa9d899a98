/** Compares the profiles with GNU libidn, by Debian's `idn` tool, where it is installed. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { domainToAscii } from './domain.ts'
import { nameprep, nodeprep, resourceprep, saslprep } from './profiles.ts'
import { TRICKY } from './tricky.fixture.ts'

type Prepare = (text: string) => string | undefined

const installed = spawnSync('idn', ['--version']).error === undefined
const options = installed ? {} : { skip: 'idn is not installed' }
/** What we refuse costs a process each, as `idn` stops there: so many of them are asked. */
const REFUSED = 30

/** The lines `idn` prints: one per line of input, up to the first it refuses. */
function idn(flags: readonly string[], lines: readonly string[]): string[] {
  const input = lines.map((line) => `${line}\n`).join('')
  const env = { ...process.env, CHARSET: 'UTF-8' }
  return spawnSync('idn', ['--quiet', ...flags], { input, env, encoding: 'utf8' })
    .stdout.split('\n')
    .slice(0, -1)
}

/** Numbers below `limit`, the same in every run (the generator of Numerical Recipes). */
function numbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

function samples(): string[] {
  const below = numbers(67)
  const texts = TRICKY.flatMap((code) => {
    const char = String.fromCodePoint(code)
    return [char, `a${char}`, `\u05d0${char}\u05d0`, `${char}\u0301`]
  })
  for (let nth = 0; nth < 600; nth++) {
    const codes = Array.from({ length: 1 + below(6) }, () => randomCode(below))
    texts.push(String.fromCodePoint(...codes))
  }
  return texts
}

function randomCode(below: (limit: number) => number): number {
  const kind = below(8)
  if (kind === 0) return 0x20 + below(0x5f)
  if (kind < 3) return TRICKY[below(TRICKY.length)]!
  if (kind < 6) return 0xa0 + below(0x2f00)
  return kind === 6 ? 0xe000 + below(0x1fff) : 0x10000 + below(0x20000)
}

/** Every sample must come out of `idn` as out of `prepare`; what one refuses the other must refuse. */
function compare(flags: readonly string[], prepare: Prepare, all = samples()): void {
  let rest = all.filter((text) => prepare(text) !== undefined)
  assert.ok(rest.length > 300)
  const theirs: (string | undefined)[] = []
  const asked = rest
  while (rest.length > 0) {
    const printed = idn(flags, rest)
    theirs.push(...printed)
    if (printed.length < rest.length) theirs.push(undefined)
    rest = rest.slice(printed.length + 1)
  }
  for (const [index, text] of asked.entries()) assert.equal(prepare(text), theirs[index], escaped(text))

  const refused = all.filter((text) => prepare(text) === undefined)
  const step = Math.ceil(refused.length / REFUSED)
  for (let index = 0; index < refused.length; index += step) {
    assert.deepEqual(idn(flags, [refused[index]!]), [], escaped(refused[index]!))
  }
}

function escaped(text: string): string {
  return Array.from(text, (char) => `U+${char.codePointAt(0)!.toString(16)}`).join(' ')
}

describe('libidn agrees', () => {
  const stringprep = (profile: string) => ['--stringprep', `--profile=${profile}`]

  test('S67: nodeprep', options, () => compare(stringprep('Nodeprep'), nodeprep))
  test('S67: resourceprep', options, () => compare(stringprep('Resourceprep'), resourceprep))
  test('S67: nameprep', options, () => compare(stringprep('Nameprep'), nameprep))
  test('S67: SASLprep', options, () => compare(stringprep('SASLprep'), (text) => saslprep(text, { query: true })))
  test('S67: ToASCII', options, () => {
    const flags = ['--idna-to-ascii', '--allow-unassigned', '--usestd3asciirules']
    // What differs on purpose or in the tool: underscores, dots at the end, ASCII labels which it does not lower.
    const labels = samples().filter((text) => !/[A-Z_.\u3002\uff0e\uff61]/u.test(text))
    compare(flags, domainToAscii, labels)
  })
})
