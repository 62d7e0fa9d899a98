import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { getIntrospectionQuery, parse } from 'graphql'
import { apiStory, codeOf } from './api-story.fixture.ts'
import { Budget } from './budget.ts'
import { DOCUMENT_LIMITS, requireSize } from './limits.ts'

const tooComplex = { code: 'query_too_complex', status: 400 }
const check = (query: string) => requireSize(parse(query), DOCUMENT_LIMITS)

describe('S81: limits of a document', () => {
  it('refuses depth', () => {
    assert.throws(() => check(`${'{ a '.repeat(21)}${'}'.repeat(21)}`), tooComplex)
    check(`${'{ a '.repeat(20)}${'}'.repeat(20)}`)
  })

  it('refuses many aliases', () => {
    const aliases = (count: number) =>
      `{ ${Array.from({ length: count }, (_, i) => `a${i}: checkAuth { domain }`).join(' ')} }`
    assert.throws(() => check(aliases(51)), tooComplex)
    check(aliases(50))
  })

  it('refuses fragments that multiply fields, without spreading them out', () => {
    // 2^60 fields, in 60 fragments.
    const fragments = Array.from({ length: 60 }, (_, i) => `fragment f${i} on T { ...f${i + 1} ...f${i + 1} }`)
    assert.throws(() => check(`{ ...f0 } ${fragments.join(' ')} fragment f60 on T { a }`), tooComplex)
  })

  it('refuses many operations, however they are spread', () => {
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `f${i}`).join(' ')
    check(`{ a { ${fields(60)} } b { ${fields(40)} } }`)
    assert.throws(() => check(`{ a { ${fields(60)} } b { ${fields(41)} } }`), tooComplex)
    assert.throws(() => check(`{ a { ...f ...f } } fragment f on T { ${fields(51)} }`), tooComplex)
    check(`{ a { one { ${fields(300)} } } }`)
  })

  it('bounds the lists of an answer together, and reads no more than that', async (t) => {
    const asked: (number | undefined)[] = []
    const { ask, story } = await apiStory(t, { absent: ['alice', 'bob', 'carol'] })
    const [method] = story.host.accounts.methods
    const list = method!.list.bind(method)
    method!.list = (domain, options) => {
      asked.push(options.limit)
      return list(domain, options)
    }
    const query = (more: string) => `{ account { listUsers(domain: "example.com") ${more} } }`
    const answer = await ask(query('more: listUsers(domain: "example.com")'), { budget: new Budget('http', 5) })
    assert.deepEqual(
      answer.body.errors?.map(({ path, extensions }) => [path, extensions['code']]),
      [[['account', 'more'], 'too_many_results']],
    )
    assert.deepEqual(asked, [6, 6])
    assert.equal(codeOf(await ask(query(''), { budget: new Budget('http', 3) })), undefined)
    assert.equal(codeOf(await ask(query(''), { budget: new Budget('http', 2) })), 'too_many_results')
  })

  it('leaves fragments that spread themselves to validation', async (t) => {
    const { ask } = await apiStory(t)
    const answer = await ask('{ ...A } fragment A on AdminQuery { ...B } fragment B on AdminQuery { ...A }')
    assert.equal(answer.status, 400)
  })

  it('refuses a document of too many tokens before it is parsed', async (t) => {
    const { ask } = await apiStory(t)
    const answer = await ask(`{ ${'a '.repeat(DOCUMENT_LIMITS.maxTokens)} }`)
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'parser_error'])
  })

  it('lets the introspection of tools through', async (t) => {
    const { ask } = await apiStory(t)
    const answer = await ask(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }))
    assert.deepEqual([answer.status, answer.body.errors], [200, undefined])
  })
})

describe('MongooseIM: faults before execution', () => {
  const faults: readonly (readonly [query: string, variables: Record<string, unknown>, code: string])[] = [
    ['{ a', {}, 'parser_error'],
    ['{ nonsense }', {}, 'unknown_field'],
    ['{ account { countUsers } }', {}, 'missing_non_null_param'],
    ['mutation { server { setLoglevel(level: LOUD) } }', {}, 'unknown_enum'],
    ['mutation { server { setLoglevel(level: "INFO") } }', {}, 'unknown_enum'],
    ['mutation ($l: LogLevel!) { server { setLoglevel(level: $l) } }', { l: 'a "quoted": one' }, 'unknown_enum'],
    ['mutation ($l: LogLevel!) { server { setLoglevel(level: $l) } }', { l: 5 }, 'unknown_enum'],
    [
      'mutation ($c: [JID!]!) { roster { deleteContacts(user: "a@b.c", contacts: $c) } }',
      { c: ['a@b.c', '@'] },
      'input_coercion',
    ],
    ['{ account { countUsers(domain: "example.com", x: 1) } }', {}, 'unknown_argument'],
    ['{ account { checkUser(user: "example.com") { exist } } }', {}, 'input_coercion'],
    ['query ($u: JID!) { account { checkUser(user: $u) { exist } } }', { u: 'a@' }, 'input_coercion'],
    ['query ($u: JID!) { account { checkUser(user: $u) { exist } } }', {}, 'missing_non_null_param'],
    ['query ($u: JID!) { account { checkUser(user: $u) { exist } } }', { u: null }, 'missing_non_null_param'],
    ['query ($u: String) { account { checkUser(user: $u) { exist } } }', { u: 'a@b' }, 'type_mismatch'],
    ['query A { __typename } query B { __typename }', {}, 'operation_not_found'],
    ['subscription { __typename }', {}, 'unsupported_operation'],
  ]
  for (const [query, variables, code] of faults)
    it(`${code}: ${query}`, async (t) => {
      const { ask } = await apiStory(t)
      const answer = await ask(query, {}, variables)
      assert.deepEqual([answer.status, codeOf(answer), answer.body.data], [400, code, undefined])
    })

  it('says what is wrong with a value', async (t) => {
    const { ask } = await apiStory(t)
    const answer = await ask('{ account { checkUser(user: "example.com") { exist } } }')
    assert.match(answer.body.errors![0]!.message, /The reason it failed is: jid_without_local_part$/)
  })

  it('a null variable is one that was not given', async (t) => {
    const { ask } = await apiStory(t)
    const answer = await ask('query ($d: DomainName) { session { countSessions(domain: $d) } }', {}, { d: null })
    assert.equal(answer.body.errors, undefined)
  })

  it('keeps the words of an unexpected failure inside', async (t) => {
    const { story, ask } = await apiStory(t)
    story.host.accounts.exists = () => {
      throw new Error('the password of the database is hunter2')
    }
    const answer = await ask('{ account { checkUser(user: "alice@example.com") { exist } } }')
    assert.deepEqual([answer.status, codeOf(answer)], [200, 'resolver_crash'])
    assert.ok(!JSON.stringify(answer.body).includes('hunter2'))
    assert.equal(story.kernel.counters.unexpectedErrors, 1)
  })
})
