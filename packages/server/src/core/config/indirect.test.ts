import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { loadConfig } from './load-config.ts'
import { ConfigError, printProblem } from './problem.ts'
import { knownParts, smallest } from './testing.ts'

const pool = (password: string, more = ''): string => `${smallest}
[outgoing_pools.rabbit.event_pusher]
  [outgoing_pools.rabbit.event_pusher.connection]
    password = ${password}
    ${more}
`

function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

function load(folder: string, text: string, env: Readonly<Record<string, string>> = {}) {
  const { pools, general, secrets } = loadConfig(join(folder, 'meerkat.toml'), text, knownParts, env)
  const rabbit = pools.find(({ type }) => type === 'rabbit')
  return { connection: rabbit?.type === 'rabbit' ? rabbit.settings.connection : undefined, general, secrets }
}

function problems(folder: string, text: string, env: Readonly<Record<string, string>> = {}): string {
  try {
    load(folder, text, env)
    return ''
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) => printProblem({ ...problem, file: 'meerkat.toml' })).join('\n')
  }
}

describe('a text of the configuration', () => {
  it('may stand in an environment variable', (t) => {
    const { connection, secrets } = load(folderWith(t, {}), pool('{env = "RABBIT"}'), { RABBIT: 'from outside' })
    assert.equal(connection?.password, 'from outside')
    assert.deepEqual(secrets, ['from outside'])
  })

  it('may stand in a file beside the configuration, whose last line end is no part of it', (t) => {
    const folder = folderWith(t, { secret: ' two\nlines \n' })
    assert.equal(load(folder, pool('{file = "secret"}')).connection?.password, ' two\nlines ')
  })

  it('may also be the text of a number, a list item or a file name', (t) => {
    const folder = folderWith(t, {})
    const env = { PORT: '5673', NAME: 'a.example' }
    assert.equal(load(folder, pool('"x"', 'port = {env = "PORT"}'), env).connection?.port, 5673)
    const text = smallest.replace('["localhost"]', '["localhost", {env = "NAME"}]')
    assert.deepEqual(load(folder, text, env).general.hosts, ['localhost', 'a.example'])
  })
})

describe('S90: what is wrong with a value from elsewhere', () => {
  it('is told with the name of the variable or file, and its line', (t) => {
    const folder = folderWith(t, {})
    assert.match(
      problems(folder, pool('{env = "NO_SUCH"}')),
      /^meerkat\.toml:\d+: outgoing_pools\.rabbit\.event_pusher\.connection\.password: the environment variable NO_SUCH is not set$/,
    )
    assert.match(problems(folder, pool('{file = "none"}')), /password: the file none does not exist$/)
  })

  it('never shows the value', (t) => {
    const env = { PORT: 'hunter2hunter2' }
    const told = problems(folderWith(t, {}), pool('"x"', 'port = {env = "PORT"}'), env)
    assert.match(told, /connection\.port: wants .*, which the environment variable PORT is not$/)
    assert.doesNotMatch(told, /hunter2/)
  })

  it('leaves other tables as they are: they are refused', (t) => {
    assert.match(problems(folderWith(t, {}), pool('{env = "A", file = "b"}')), /password: wants/)
    assert.match(problems(folderWith(t, {}), pool('{variable = "A"}')), /password: wants/)
  })
})
