import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { describeSettings } from './config/describe-settings.ts'
import { readSettings } from './config/read-settings.ts'
import {
  type Setting,
  type Settings,
  type Values,
  backend,
  days,
  domain,
  either,
  expandHost,
  file,
  flag,
  folder,
  hostIn,
  hostTemplate,
  integer,
  integerOrInfinity,
  list,
  live,
  milliseconds,
  noEffect,
  oneOf,
  optionalSection,
  port,
  record,
  required,
  seconds,
  secret,
  section,
  tables,
  text,
} from './settings.ts'

const context = { folder: import.meta.dirname }

const read = (settings: Settings, input: unknown) => {
  const { values, findings } = readSettings(settings, input, context)
  return values ?? findings?.map(({ path, message, value }) => [path.join('.'), message, value])
}

const ping = {
  send_pings: flag(false, 'Ping clients that have been silent.'),
  ping_interval: seconds(60, 'How long a client may be silent.'),
  timeout_action: oneOf(['none', 'kill'], 'none', 'What happens to a client that does not answer.'),
}

test('the types of the values are inferred', () => {
  const settings = {
    ...ping,
    name: text(undefined, 'Unset by default.'),
    host: required(text()),
    limit: integerOrInfinity(Infinity),
    words: list(oneOf(['a', 'b']), ['a']),
    pm: optionalSection({ store: flag(true) }),
    servers: tables({ host: required(text()) }),
    pools: record(section({ size: integer(1) })),
  }
  const check = (values: Values<typeof settings>) => {
    const action: 'none' | 'kill' = values.timeout_action
    const name: string | undefined = values.name
    const host: string = values.host
    const words: readonly ('a' | 'b')[] = values.words
    const store: boolean | undefined = values.pm?.store
    const size: number | undefined = values.pools.get('x')?.size
    const server: string | undefined = values.servers[0]?.host
    // @ts-expect-error a misspelt setting does not compile
    void values.timeout_actoin
    // @ts-expect-error an optional setting may be missing
    const wrong: string = values.name
    return [action, name, host, words, store, size, server, wrong, values.limit]
  }
  const { values } = readSettings(settings, { host: 'h', pools: { x: {} }, servers: [{ host: 's' }] }, context)
  assert.ok(values)
  assert.deepEqual(check(values), ['none', undefined, 'h', ['a'], undefined, 1, 's', undefined, Infinity])
})

test('a section has all its keys, in the order of declaration, whatever was written', () => {
  const settings = { first: text(), second: flag(true), third: optionalSection({}) }
  assert.deepEqual(Object.keys(read(settings, { second: false }) ?? {}), ['first', 'second', 'third'])
})

const refused: [name: string, setting: Setting<unknown>, value: unknown, message: string][] = [
  ['flag', flag(false), 'yes', 'wants true or false'],
  ['text', text('a'), 1, 'wants a text'],
  ['empty text', text('a', '', { nonEmpty: true }), '', 'wants a text that is not empty'],
  ['negative integer', integer(1), -1, 'wants a whole number from 0 up'],
  ['fraction', integer(1), 1.5, 'wants a whole number from 0 up'],
  ['out of bounds', integer(1, '', { min: 1, max: 3 }), 4, 'wants a whole number from 1 to 3'],
  ['infinity where no limit is', integer(1), 'infinity', 'wants a whole number from 0 up'],
  ['word for a limit', integerOrInfinity(1), 'many', 'wants a whole number from 0 up or "infinity"'],
  ['seconds', seconds(60), 'soon', 'wants seconds above 0'],
  ['no seconds', seconds(60), 0, 'wants seconds above 0'],
  ['milliseconds', milliseconds(5), true, 'wants milliseconds above 0'],
  ['days', days(5, '', { infinity: true }), 'x', 'wants days above 0 or "infinity"'],
  ['oneOf', oneOf(['a', 'b'], 'a'), 'c', 'wants "a" or "b"'],
  ['port', port(1), 65_536, 'wants a port from 0 to 65535'],
  ['domain', domain('a'), 'a..b', 'wants a domain name'],
  ['domain with user', domain('a'), 'u@b', 'wants a domain name'],
  ['template', hostTemplate('a'), 'x@HOST@', 'wants a domain name or "prefix.@HOST@"'],
  ['file', file(), 'no-such-file', 'wants the name of an existing file'],
  ['list', list(text()), 'a', 'wants a list'],
  ['repetition', list(text(), [], '', { unique: true }), ['a', 'a'], 'wants a list without repetition'],
  ['empty list', list(text(), ['a'], '', { nonEmpty: true }), [], 'wants a list that is not empty'],
  ['section', section({}), 1, 'wants a section'],
  ['optional section', optionalSection({}), 1, 'wants a section'],
  ['tables', tables({}), {}, 'wants a list of tables'],
  ['record', record(text()), 1, 'wants a section'],
  ['either', either(text('a'), integer()), true, 'wants a text or a whole number from 0 up'],
]

describe('R28: a wrong value is refused in words', () => {
  for (const [name, setting, value, message] of refused) {
    test(name, () => {
      const got = typeof value === 'object' ? undefined : value
      assert.deepEqual(read({ key: setting }, { key: value }), [['key', message, got]])
    })
  }
})

const accepted: [name: string, setting: Setting<unknown>, value: unknown, result: unknown][] = [
  ['flag', flag(false), true, true],
  ['infinity', integerOrInfinity(5), 'infinity', Infinity],
  ['inf', integerOrInfinity(5), Infinity, Infinity],
  ['infinite default', integerOrInfinity(Infinity), undefined, Infinity],
  ['limit', integerOrInfinity(Infinity), 7, 7],
  ['zero seconds where allowed', seconds(1, '', { min: 0 }), 0, 0],
  ['no value', text(), undefined, undefined],
  ['domain', domain('x'), 'Example.ORG', 'example.org'],
  ['default of a domain', domain('x'), undefined, 'x'],
  ['template', hostTemplate('a'), 'MUC.@HOST@', 'muc.@HOST@'],
  ['fixed template', hostTemplate('a'), 'rooms.example', 'rooms.example'],
  ['file', file(), 'settings.ts', `${import.meta.dirname}/settings.ts`],
  ['default folder', folder('data'), undefined, `${import.meta.dirname}/data`],
  ['list', list(integer()), [1, 2], [1, 2]],
  ['either', either(text('a'), integer()), 4, 4],
  ['section', section({ a: section({ b: flag(true) }) }), undefined, { a: { b: true } }],
  ['absent section', optionalSection({ b: flag(true) }), undefined, undefined],
  ['present section', optionalSection({ b: flag(true) }), {}, { b: true }],
  ['record', record(optionalSection({ b: flag(true) })), { x: {} }, new Map([['x', { b: true }]])],
]

describe('values and defaults', () => {
  for (const [name, setting, value, result] of accepted) {
    test(name, () =>
      assert.deepEqual(read({ key: setting }, value === undefined ? {} : { key: value }), { key: result }),
    )
  }
})

test('R28: all problems are found, with their places and the likely keys', () => {
  const settings = { ...ping, host: required(text()), servers: tables({ port: port(1) }), more: record(section(ping)) }
  const input = {
    ping_intervall: 5,
    timeout_action: 'x',
    servers: [{}, { port: 'x', prot: 1 }],
    more: { a: { send_ping: true } },
  }
  const { findings } = readSettings(settings, input, context, ['modules', 'mod_ping'])
  const lines = findings?.map(({ path, message, suggestion }) => `${path.slice(2).join('.')}: ${message} ${suggestion}`)
  assert.deepEqual(lines?.sort(), [
    'host: is missing: wants a text undefined',
    'more.a.send_ping: is not a known key send_pings',
    'ping_intervall: is not a known key ping_interval',
    'servers.1.port: wants a port from 0 to 65535 undefined',
    'servers.1.prot: is not a known key port',
    'timeout_action: wants "none" or "kill" undefined',
  ])
})

test('secrets are never in a finding, however they are wrong', () => {
  const settings = { password: secret(), auth: section({ token: required(secret()) }), keys: list(secret()) }
  const written = { password: 4711, pasword: 4711, auth: { token: 4711 }, keys: [4711] }
  const { findings } = readSettings(settings, written, context)
  assert.equal(findings?.length, 4)
  assert.ok(!JSON.stringify(findings).includes('4711'))
})

test('settings describe themselves', () => {
  const settings = {
    ...ping,
    limit: live(integerOrInfinity(Infinity, 'A limit.')),
    host: required(domain(undefined, 'Where.')),
    password: secret('guest', 'Hidden.'),
    servers: tables({ port: port(1, 'Its port.') }, 'Many.'),
    tags: record(section({ size: integer(1, 'Its size.') }), 'By name.'),
  }
  const rows = describeSettings(settings, 'x').map(
    (row) => `${row.path} | ${row.type} | ${row.default} | ${row.reload}`,
  )
  assert.deepEqual(rows, [
    'x.send_pings | true or false | false | restart',
    'x.ping_interval | seconds above 0 | 60 | restart',
    'x.timeout_action | "none" or "kill" | "none" | restart',
    'x.limit | a whole number from 0 up or "infinity" | "infinity" | live',
    'x.host | a domain name | mandatory | restart',
    'x.password | a secret text | (not shown) | restart',
    'x.servers | a list of tables | [] | restart',
    'x.servers[].port | a port from 0 to 65535 | 1 | restart',
    'x.tags | a section, each a section |  | restart',
    'x.tags.NAME | a section |  | restart',
    'x.tags.NAME.size | a whole number from 0 up | 1 | restart',
  ])
})

test('a setting can have something to say about what is written', () => {
  const remarks = [
    noEffect(flag(false)).remark?.(true),
    backend(['mnesia', 'rdbms'], 'rdbms').remark?.('mnesia'),
    backend(['mnesia', 'rdbms'], 'rdbms').remark?.('rdbms'),
    integerOrInfinity(1).remark?.('infinity'),
    integerOrInfinity(1).remark?.(2),
    flag(true).remark?.(true),
  ]
  assert.deepEqual(remarks, [
    'has no effect here',
    'is kept in the main store',
    undefined,
    'sets no limit',
    undefined,
    undefined,
  ])
})

test('a host template stands for a domain', () => {
  assert.equal(expandHost('muc.@HOST@', 'a.example'), 'muc.a.example')
  assert.equal(expandHost('rooms.example', 'a.example'), 'rooms.example')
  assert.equal(hostIn('muc.@HOST@', 'muc.a.example'), 'a.example')
  assert.equal(hostIn('muc.@HOST@', 'mucky.a.example'), undefined)
  assert.equal(hostIn('rooms.example', 'rooms.example'), undefined)
})

test('a file of a release of MongooseIM is beside its folder etc, unless there is one beside the configuration', (t) => {
  const release = mkdtempSync(join(tmpdir(), 'release-'))
  t.after(() => rmSync(release, { recursive: true }))
  const read = (folder: string) =>
    file()
      .schema({ folder: join(release, folder) })
      .safeParse('priv/cert.pem').data
  const put = (...place: string[]) => {
    mkdirSync(join(release, ...place, 'priv'), { recursive: true })
    writeFileSync(join(release, ...place, 'priv/cert.pem'), '')
  }
  put()
  assert.equal(read('etc'), join(release, 'priv/cert.pem'))
  assert.equal(read('conf'), undefined)
  put('etc')
  assert.equal(read('etc'), join(release, 'etc/priv/cert.pem'))
})
