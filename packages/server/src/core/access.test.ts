import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseJid } from '@meerkat/protocol'
import { type AccessEntry, type AclEntry, accessLimit, accessRule, aclSettings, compileAccess } from './access.ts'
import { compileGlob, globMatches } from './config/glob.ts'
import { readSettings } from './config/read-settings.ts'

const entry = (written: object): AclEntry => {
  const { values } = readSettings(aclSettings, written, { folder: '.' })
  assert.ok(values)
  return values
}

const hostType = (acl: Record<string, object[]>, access: Record<string, AccessEntry[]>) => ({
  access: compileAccess(
    new Map(Object.entries(acl).map(([name, entries]) => [name, entries.map(entry)])),
    new Map(Object.entries(access)),
    (domain) => domain === 'localhost' || domain === 'other',
  ),
})

const inClass = (written: object, jid: string, domain = 'localhost'): boolean =>
  accessRule(hostType({ it: [written] }, { rule: [{ acl: 'it', value: 'allow' }] }), 'rule', parseJid(jid), domain) ===
  'allow'

const cases: [written: object, jid: string, domain: string, expected: boolean][] = [
  [{}, 'alice@localhost', 'localhost', true],
  [{}, 'alice@other', 'localhost', false],
  [{ match: 'all' }, 'alice@far.example', 'localhost', true],
  [{ match: 'none' }, 'alice@localhost', 'localhost', false],
  [{ match: 'any_hosted_domain' }, 'alice@other', 'localhost', true],
  [{ match: 'any_hosted_domain' }, 'alice@far.example', 'localhost', false],
  [{ user: 'alice' }, 'alice@localhost', 'localhost', true],
  [{ user: 'ALICE' }, 'alice@localhost', 'localhost', true],
  [{ user: 'alice' }, 'Alice@localhost', 'localhost', true],
  [{ user: 'alice' }, 'bob@localhost', 'localhost', false],
  [{ user: 'alice' }, 'alice@other', 'localhost', false],
  [{ user: 'alice', match: 'all' }, 'alice@other', 'localhost', true],
  [{ user: 'alice', resource: 'Phone' }, 'alice@localhost/phone', 'localhost', true],
  [{ user: 'alice', resource: 'Phone' }, 'alice@localhost/PHONE', 'localhost', true],
  [{ user: 'alice', resource: 'Phone' }, 'alice@localhost/desk', 'localhost', false],
  [{ server: 'OTHER', match: 'all' }, 'alice@other', 'localhost', true],
  [{ server: 'other' }, 'alice@other', 'localhost', false],
  [{ user_regexp: '^AD' }, 'admin@localhost', 'localhost', true],
  [{ user_regexp: '\\d+' }, 'bot17@localhost', 'localhost', true],
  [{ user_regexp: '^\\S+$' }, 'admin@localhost', 'localhost', true],
  [{ user_regexp: '^ad$' }, 'admin@localhost', 'localhost', false],
  [{ user_regexp: '^(?i)AD' }, 'admin@localhost', 'localhost', true],
  [{ user_regexp: '^bot\\-\\d+$' }, 'bot-17@localhost', 'localhost', true],
  [{ server_regexp: 'host$', match: 'all' }, 'a@localhost', 'x', true],
  [{ resource_regexp: '^res' }, 'a@localhost/Res1', 'localhost', true],
  [{ user_glob: 'BOT-*' }, 'bot-1@localhost', 'localhost', true],
  [{ user_glob: 'bot-?' }, 'bot-12@localhost', 'localhost', false],
  [{ server_glob: '*.example', match: 'all' }, 'a@x.y.example', 'localhost', true],
  [{ resource_glob: 'res[0-9]' }, 'a@localhost/RES7', 'localhost', true],
]

describe('classes (trap 22: values are compared without regard to case)', () => {
  for (const [written, jid, domain, expected] of cases) {
    test(`${JSON.stringify(written)} ${expected ? 'has' : 'has not'} ${jid} on ${domain}`, () => {
      assert.equal(inClass(written, jid, domain), expected)
    })
  }
})

describe('rules', () => {
  const rules = hostType(
    { admin: [{ user: 'alice' }, { user: 'root' }], blocked: [{ user: 'mallory' }] },
    {
      sessions: [
        { acl: 'admin', value: 50 },
        { acl: 'all', value: 10 },
      ],
      c2s: [
        { acl: 'blocked', value: 'deny' },
        { acl: 'all', value: 'allow' },
      ],
      admins: [{ acl: 'admin', value: 'allow' }],
      ghosts: [{ acl: 'ghost', value: 'allow' }],
      free: [{ acl: 'all', value: 'infinity' }],
    },
  )
  const ask = (rule: string, jid: string) => accessRule(rules, rule, parseJid(jid), 'localhost')

  test('the first clause that matches gives the value', () => {
    assert.equal(ask('sessions', 'root@localhost'), 50)
    assert.equal(ask('sessions', 'bob@localhost'), 10)
    assert.equal(ask('c2s', 'mallory@localhost'), 'deny')
    assert.equal(ask('c2s', 'bob@localhost'), 'allow')
  })

  test('trap 22: no match, an undefined class and an undefined rule all mean deny', () => {
    assert.equal(ask('admins', 'bob@localhost'), 'deny')
    assert.equal(ask('ghosts', 'bob@localhost'), 'deny')
    assert.equal(ask('nothing', 'bob@localhost'), 'deny')
  })

  test('the rules "all" and "none" are built in', () => {
    assert.equal(ask('all', 'mallory@localhost'), 'allow')
    assert.equal(ask('none', 'alice@localhost'), 'deny')
  })

  test('trap 18: a limit falls back when the rule is missing or denies', () => {
    const limit = (rule: string) => accessLimit(rules, rule, parseJid('bob@localhost'), 'localhost', 100)
    assert.deepEqual([limit('sessions'), limit('free'), limit('nothing'), limit('admins')], [10, Infinity, 100, 100])
  })

  test('domains that came after the start count as hosted when the caller says so', () => {
    const any = hostType({ it: [{ match: 'any_hosted_domain' }] }, { rule: [{ acl: 'it', value: 'allow' }] })
    const late = parseJid('a@late.example')
    assert.equal(accessRule(any, 'rule', late, 'localhost'), 'deny')
    assert.equal(
      accessRule(any, 'rule', late, 'localhost', (domain) => domain === 'late.example'),
      'allow',
    )
  })
})

test('a regular expression that is none is refused', () => {
  const { findings } = readSettings(aclSettings, { user_regexp: '(' }, { folder: '.' })
  assert.deepEqual(findings, [{ path: ['user_regexp'], message: 'wants a regular expression', value: '(' }])
})

test('an undefined rule denies, unless who asks knows better; a rule that says nothing of the user denies', () => {
  const rules = hostType({}, { silent: [] })
  const ask = (rule: string, undefinedRule?: string) =>
    accessRule(rules, rule, parseJid('alice@localhost'), 'localhost', () => true, undefinedRule)
  assert.deepEqual([ask('missing'), ask('missing', 'default'), ask('silent', 'default')], ['deny', 'default', 'deny'])
})

const globs: [pattern: string, text: string, expected: boolean][] = [
  ['', '', true],
  ['*', '', true],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['??', 'ab', true],
  ['[!a-c]x', 'dx', true],
  ['[!a-c]x', 'bx', false],
  ['[a-c-]', '-', true],
  ['[', '[', true],
  ['a.c', 'abc', false],
]

test('globs', () => {
  for (const [pattern, text, expected] of globs) {
    assert.equal(globMatches(compileGlob(pattern), text), expected, `${pattern} ${text}`)
  }
})

test('globs agree with the regular expression that says the same', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 })
  fc.assert(
    fc.property(pattern, text, (glob, value) => {
      const same = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u')
      assert.equal(globMatches(compileGlob(glob), value), same.test(value))
    }),
    { numRuns: 300 },
  )
})
