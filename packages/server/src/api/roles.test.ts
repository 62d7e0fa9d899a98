import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type GraphQLField,
  type GraphQLInputType,
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLObjectType,
  getNamedType,
  isListType,
  isNonNullType,
  isUnionType,
} from 'graphql'
import { parseJid } from '@meerkat/protocol'
import { API, type ApiStory, type Asking, USER_API, apiStory, codeOf } from './api-story.fixture.ts'
import type { ApiContext } from './context.ts'
import { fieldKey } from './directives.ts'
import type { ApiAnswer } from './execute.ts'
import type { ApiSchema } from './schema.ts'

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
  if (type instanceof GraphQLInputObjectType) {
    const required = Object.values(type.getFields()).filter((field) => isNonNullType(field.type))
    return `{ ${required.map((field) => `${field.name}: ${sample(field.type)}`).join(', ')} }`
  }
  return SAMPLES[getNamedType(type).name] ?? '"word"'
}

interface Operation {
  readonly key: string
  readonly text: string
}

/** A request for each field of each category, with all arguments at example.com. */
function operations({ schema }: ApiSchema): Operation[] {
  const roots = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ] as const
  return roots.flatMap(([kind, root]) =>
    Object.values(root!.getFields()).flatMap((category) => {
      const type = getNamedType(category.type)
      if (!(type instanceof GraphQLObjectType)) return []
      const write = (field: GraphQLField<unknown, unknown>): Operation => {
        const args = field.args.map((arg) => `${arg.name}: ${sample(arg.type)}`).join(', ')
        const named = getNamedType(field.type)
        const leaf = named instanceof GraphQLObjectType || isUnionType(named) ? ' { __typename }' : ''
        const call = `${field.name}${args && `(${args})`}${leaf}`
        return { key: fieldKey(type, field), text: `${kind} { ${category.name} { ${call} } }` }
      }
      return Object.values(type.getFields()).map(write)
    }),
  )
}

/** Somebody who asks one of the schemas. */
type Asker = (text: string) => Promise<boolean>

/** Tells of each request whether it is refused for want of permissions; then nothing of it was executed. */
const asking =
  (api: ApiStory, schema: ApiSchema, caller: Partial<ApiContext>): Asker =>
  async (text) => {
    const asked: Asking =
      schema === USER_API
        ? api.as('alice', caller)
        : { ask: (query) => api.ask(query, caller), watch: (query) => api.watch(query, caller) }
    const answer = await (text.startsWith('subscription') ? watchOnce(await asked.watch(text)) : asked.ask(text))
    const refused = codeOf(answer) === 'no_permissions'
    assert.equal(answer.status === 401, refused, text)
    if (refused) assert.equal(answer.body.data, undefined, 'nothing of the request was executed')
    return refused
  }

/** Ends a stream that was opened. */
async function watchOnce(opened: Awaited<ReturnType<ApiStory['watch']>>): Promise<ApiAnswer> {
  if ('status' in opened) return opened
  await opened.return()
  return { status: 200, body: {} }
}

const isOpen = ({ protections }: ApiSchema, key: string): boolean => protections.get(key)?.type === 'PUBLIC'

/** Each endpoint with its schema, a caller who may do everything there, and those who may do nothing. */
const ENDPOINTS: readonly {
  readonly name: string
  readonly api: ApiSchema
  readonly least: number
  readonly strangers: Readonly<Record<string, Partial<ApiContext>>>
}[] = [
  {
    name: 'admin',
    api: API,
    least: 60,
    strangers: { nobody: { role: 'unauthorised' }, 'a user': { role: 'user', user: parseJid('alice@example.com') } },
  },
  {
    name: 'domain_admin',
    api: API,
    least: 60,
    strangers: { 'the admin of another domain': { role: 'domain_admin', domain: 'other.example' } },
  },
  {
    name: 'user',
    api: USER_API,
    least: 20,
    strangers: {
      nobody: { role: 'unauthorised' },
      'the admin': { role: 'admin' },
      'the admin of the domain': { role: 'domain_admin', domain: 'example.com' },
    },
  },
]

for (const { name, api: schema, least, strangers } of ENDPOINTS)
  describe(`S80: every field of the endpoint ${name} against who may not see it`, () => {
    const all = operations(schema)

    it('covers all categories', () => {
      assert.ok(all.length >= least, `only ${all.length} fields`)
      for (const { key } of all) assert.ok(schema.protections.has(key), key)
    })

    for (const [who, caller] of Object.entries(strangers))
      it(`lets ${who} have nothing but checkAuth`, async (t) => {
        const refused = asking(await apiStory(t, { absent: ['alice'] }), schema, caller)
        for (const { key, text } of all) assert.equal(await refused(text), !isOpen(schema, key), key)
      })

    it('guards each field by itself, should a request ever get past the check before', async (t) => {
      const api = await apiStory(t)
      for (const caller of Object.values(strangers)) {
        const context = { kernel: api.story.kernel, role: 'unauthorised', method: 'http', ...caller } as ApiContext
        let open = 0
        for (const [key, protection] of schema.protections) {
          const [typeName, fieldName] = key.split('.') as [string, string]
          const field = (schema.schema.getType(typeName) as GraphQLObjectType).getFields()[fieldName]!
          const info = { operation: {}, fieldName } as never
          const resolve = () => field.resolve!({}, {}, context, info)
          const mayPass = context.role === 'domain_admin' && schema === API && protection.type === 'DEFAULT'
          if (protection.type === 'PUBLIC') open++
          else if (!mayPass) assert.throws(resolve, { code: 'no_permissions' }, key)
        }
        // checkAuth, and the fields of its answer.
        assert.ok(open <= 4, `${open} fields are open`)
      }
    })
  })

describe('S80: every field for those who may', () => {
  it('lets a domain admin manage its own domain and nothing that is global', async (t) => {
    const api = await apiStory(t, { absent: ['alice'] })
    const refused = asking(api, API, { role: 'domain_admin', domain: 'example.com' })
    for (const { key, text } of operations(API))
      assert.equal(await refused(text), API.protections.get(key)?.type === 'GLOBAL', key)
  })

  it('refuses the admin nothing', async (t) => {
    const refused = asking(await apiStory(t, { absent: ['alice'] }), API, {})
    for (const { key, text } of operations(API)) assert.equal(await refused(text), false, key)
  })

  it('refuses a user nothing of the user schema', async (t) => {
    const refused = asking(await apiStory(t, { absent: ['alice'] }), USER_API, { role: 'user' })
    for (const { key, text } of operations(USER_API)) assert.equal(await refused(text), false, key)
  })
})

describe('S80: what a domain admin names is of its own domain', () => {
  /** Whom somebody of the domain writes to, or has in the roster: that may be anybody. */
  const OTHERS = new Set(['to', 'with', 'contact', 'contacts', 'contacts.jid'])
  const ADDRESSES = new Set(['JID', 'BareJID', 'FullJID', 'DomainName'])

  /** Dotted paths of the arguments that hold addresses or domains. */
  function addresses(args: readonly { name: string; type: GraphQLInputType }[], before = ''): string[] {
    return args.flatMap(({ name, type }) => {
      const named = getNamedType(type)
      const path = `${before}${name}`
      // A vCard may hold another one; its fields are no addresses of ours.
      if (named.name === 'VcardInput') return []
      if (named instanceof GraphQLInputObjectType) return addresses(Object.values(named.getFields()), `${path}.`)
      return ADDRESSES.has(named.name) ? [path] : []
    })
  }

  it('every argument with a JID or a domain decides, but for the other end of a conversation', () => {
    let checked = 0
    for (const [key, { type, args }] of API.protections) {
      if (type !== 'DOMAIN') continue
      const [typeName, fieldName] = key.split('.') as [string, string]
      const field = (API.schema.getType(typeName) as GraphQLObjectType).getFields()[fieldName]!
      for (const path of addresses(field.args)) {
        checked++
        assert.ok(args.includes(path) || (OTHERS.has(path) && args.length > 0), `${key}: nobody looks at ${path}`)
      }
    }
    assert.ok(checked > 40, `only ${checked} arguments`)
  })

  it('reads all of a list, and what is inside of objects', async (t) => {
    const { ask } = await apiStory(t, { absent: ['alice'] })
    const own = { jid: 'alice@example.com', name: '' }
    const query = 'mutation ($c: [ContactInput!]!) { roster { subscribeAllToAll(contacts: $c) } }'
    const caller = { role: 'domain_admin', domain: 'example.com' } as const
    const answer = await ask(query, caller, { c: [own, { jid: 'bob@other.example', name: '' }] })
    assert.match(answer.body.errors![0]!.message, /Args with invalid value: contacts\.jid$/)
    assert.notEqual(codeOf(await ask(query, caller, { c: [own] })), 'no_permissions')
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
