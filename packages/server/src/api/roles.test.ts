import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type GraphQLField,
  type GraphQLInputType,
  GraphQLEnumType,
  GraphQLObjectType,
  getNamedType,
  isListType,
  isNonNullType,
} from 'graphql'
import { API, type ApiStory, apiStory, codeOf } from './api-story.fixture.ts'
import type { ApiContext } from './context.ts'
import { fieldKey } from './directives.ts'
import type { ApiAnswer } from './execute.ts'

const SAMPLES: Readonly<Record<string, string>> = {
  JID: '"alice@example.com"',
  BareJID: '"alice@example.com"',
  FullJID: '"alice@example.com/1"',
  DomainName: '"example.com"',
  UserName: '"alice"',
  XmlElement: '"<message/>"',
  DateTime: '"2026-01-01T00:00:00Z"',
  PosInt: '1',
  NonNegInt: '0',
  Int: '1',
  Boolean: 'true',
}

function sample(type: GraphQLInputType): string {
  if (isNonNullType(type)) return sample(type.ofType)
  if (isListType(type)) return `[${sample(type.ofType)}]`
  if (type instanceof GraphQLEnumType) return type.getValues()[0]!.name
  return SAMPLES[getNamedType(type).name] ?? '"word"'
}

interface Operation {
  readonly key: string
  readonly text: string
}

/** A request for each field of each category, with all arguments at example.com. */
function operations(): Operation[] {
  const roots = [
    ['query', API.schema.getQueryType()],
    ['mutation', API.schema.getMutationType()],
    ['subscription', API.schema.getSubscriptionType()],
  ] as const
  return roots.flatMap(([kind, root]) =>
    Object.values(root!.getFields()).flatMap((category) => {
      const type = getNamedType(category.type)
      if (!(type instanceof GraphQLObjectType)) return []
      const write = (field: GraphQLField<unknown, unknown>): Operation => {
        const args = field.args.map((arg) => `${arg.name}: ${sample(arg.type)}`).join(', ')
        const leaf = getNamedType(field.type) instanceof GraphQLObjectType ? ' { __typename }' : ''
        const call = `${field.name}${args && `(${args})`}${leaf}`
        return { key: fieldKey(type, field), text: `${kind} { ${category.name} { ${call} } }` }
      }
      return Object.values(type.getFields()).map(write)
    }),
  )
}

const refusedAs = async (api: ApiStory, text: string, caller: Partial<ApiContext>): Promise<boolean> => {
  const answer = await (text.startsWith('subscription') ? watchOnce(api, text, caller) : api.ask(text, caller))
  const refused = codeOf(answer) === 'no_permissions'
  assert.equal(answer.status === 401, refused, text)
  if (refused) assert.equal(answer.body.data, undefined, 'nothing of the request was executed')
  return refused
}

/** Opens a stream, and ends it when it opens. */
async function watchOnce(api: ApiStory, text: string, caller: Partial<ApiContext>): Promise<ApiAnswer> {
  const opened = await api.watch(text, caller)
  if ('status' in opened) return opened
  await opened.return()
  return { status: 200, body: {} }
}

describe('S80: every field of the admin schema against every role', () => {
  const all = operations()

  it('covers all categories', () => {
    assert.ok(all.length >= 29, `only ${all.length} fields`)
    for (const { key } of all) assert.ok(API.protections.has(key), key)
  })

  it('lets nobody but checkAuth answer without credentials', async (t) => {
    const api = await apiStory(t, { absent: ['alice'] })
    for (const { key, text } of all)
      assert.equal(await refusedAs(api, text, { role: 'unauthorised' }), !key.startsWith('AdminAuthInfo.'), key)
  })

  it('keeps a domain admin out of other domains and of what is global', async (t) => {
    const api = await apiStory(t, { absent: ['alice'] })
    for (const { key, text } of all) {
      const isOpen = API.protections.get(key)?.type === 'PUBLIC'
      assert.equal(await refusedAs(api, text, { role: 'domain_admin', domain: 'other.example' }), !isOpen, key)
    }
  })

  it('lets a domain admin manage its own domain and nothing that is global', async (t) => {
    const api = await apiStory(t, { absent: ['alice'] })
    for (const { key, text } of all) {
      const isGlobal = API.protections.get(key)?.type === 'GLOBAL'
      assert.equal(await refusedAs(api, text, { role: 'domain_admin', domain: 'example.com' }), isGlobal, key)
    }
  })

  it('refuses the admin nothing', async (t) => {
    const api = await apiStory(t, { absent: ['alice'] })
    for (const { key, text } of all) assert.equal(await refusedAs(api, text, {}), false, key)
  })

  it('guards each field by itself, should a request ever get past the check before', async (t) => {
    const api = await apiStory(t)
    const context: ApiContext = { kernel: api.story.kernel, role: 'unauthorised', method: 'http' }
    let open = 0
    for (const [key, protection] of API.protections) {
      const [typeName, fieldName] = key.split('.') as [string, string]
      const field = (API.schema.getType(typeName) as GraphQLObjectType).getFields()[fieldName]!
      const info = { operation: {}, fieldName } as never
      const resolve = () => field.resolve!({}, {}, context, info)
      if (protection.type === 'PUBLIC') open++
      else assert.throws(resolve, { code: 'no_permissions' }, key)
    }
    // checkAuth, and the three fields of its answer.
    assert.equal(open, 4)
  })
})

describe('S80: no way around the check', () => {
  const forbidden: readonly (readonly [name: string, query: string])[] = [
    ['a named operation without operationName', 'query Steal { server { getCookie } }'],
    ['an alias', 'query { free: server { cookie: getCookie } }'],
    ['an alias of a public field', 'query { checkAuth: server { authStatus: getCookie } }'],
    ['an inline fragment', 'query { ... on AdminQuery { server { ... { getCookie } } } }'],
    [
      'a fragment',
      'query { ...A } fragment A on AdminQuery { server { ...B } } fragment B on ServerAdminQuery { getCookie }',
    ],
    ['a field beside a public one', 'query { checkAuth { authStatus } account { countUsers(domain: "example.com") } }'],
    ['a skipped field', 'query { checkAuth { authStatus } server @skip(if: true) { getCookie } }'],
  ]
  for (const [name, query] of forbidden)
    it(`refuses ${name}`, async (t) => {
      const { ask } = await apiStory(t)
      const answer = await ask(query, { role: 'unauthorised' })
      assert.deepEqual([answer.status, codeOf(answer), answer.body.data], [401, 'no_permissions', undefined])
    })

  it('names the operation, or ROOT', async (t) => {
    const { ask } = await apiStory(t)
    const named = await ask('query Steal { server { getCookie } }', { role: 'unauthorised' })
    const unnamed = await ask('{ server { getCookie } }', { role: 'domain_admin', domain: 'example.com' })
    assert.equal(named.body.errors?.[0]?.message, 'Cannot execute query Steal without permissions')
    assert.equal(unnamed.body.errors?.[0]?.message, 'Cannot execute query ROOT without a global admin permissions')
  })

  it('reads the domain from variables and defaults', async (t) => {
    const { ask } = await apiStory(t, { absent: ['alice'] })
    const caller = { role: 'domain_admin', domain: 'other.example' } as const
    const query = 'query ($d: DomainName! = "example.com") { account { countUsers(domain: $d) } }'
    const answer = await ask(query, caller)
    assert.equal(codeOf(answer), 'no_permissions')
    assert.match(answer.body.errors![0]!.message, /to the given domain\. Args with invalid value: domain$/)
    const own = await ask(query, { ...caller, domain: 'example.com' })
    assert.deepEqual(own.body, { data: nullProto({ account: nullProto({ countUsers: 1 }) }) })
  })

  it('takes a missing domain, which means all domains, for a foreign one', async (t) => {
    const { ask } = await apiStory(t)
    const answer = await ask('{ session { countSessions } }', { role: 'domain_admin', domain: 'example.com' })
    assert.equal(codeOf(answer), 'no_permissions')
  })

  it('MongooseIM: knows the registered subdomains of a domain, and no other suffixes', async (t) => {
    const { story, ask } = await apiStory(t)
    story.kernel.hosts.addService('muc.example.com', () => undefined)
    const count = (domain: string) =>
      ask(`{ account { countUsers(domain: "${domain}") } }`, { role: 'domain_admin', domain: 'example.com' })
    assert.equal(codeOf(await count('muc.example.com')), 'domain_not_found')
    assert.equal(codeOf(await count('chat.example.com')), 'no_permissions')
    assert.equal(codeOf(await count('notexample.com')), 'no_permissions')
  })

  it('introspection is for everyone', async (t) => {
    const { ask } = await apiStory(t)
    const answer = await ask('{ __schema { queryType { name } } __typename }', { role: 'unauthorised' })
    assert.equal(answer.status, 200)
    assert.equal(answer.body.errors, undefined)
  })
})

/** graphql-js answers with objects without a prototype. */
const nullProto = (value: object): object => Object.assign(Object.create(null), value)
