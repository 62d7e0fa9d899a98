import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apiStory, codeOf } from './api-story.fixture.ts'
import { type ApiPart, resolver } from './part.ts'
import { assembleSchema } from './schema.ts'

const ROOT = 'schema { query: AdminQuery } type AdminQuery'

const part = (sdl: string, resolvers: ApiPart['resolvers'] = {}): ApiPart => ({ category: 'zoo', sdl, resolvers })

describe('assembling a schema', () => {
  it('S80: refuses a field that does not declare who may see it', () => {
    const open = part('extend type AdminQuery { zoo: Zoo @protected } type Zoo { animals: Int }')
    assert.throws(() => assembleSchema(ROOT, [open]), /Zoo\.animals does not declare who may see it/)
  })

  it('takes the declaration of the type for fields without one', () => {
    const whole = part(
      'extend type AdminQuery { zoo: Zoo @protected } type Zoo @protected(type: GLOBAL) { animals: Int }',
    )
    const { protections } = assembleSchema(ROOT, [whole])
    assert.deepEqual(protections.get('Zoo.animals'), { type: 'GLOBAL', audience: 'admins', args: [] })
  })

  it('refuses a resolver without a field, and two for one field', () => {
    const sdl = 'extend type AdminQuery { zoo: Int @protected }'
    const answer = { AdminQuery: { zoo: resolver(() => 1) } }
    assert.throws(
      () => assembleSchema(ROOT, [part(sdl, { AdminQuery: { zooo: resolver(() => 1) } })]),
      /AdminQuery\.zooo has a resolver and is not in the schema/,
    )
    assert.throws(
      () => assembleSchema(ROOT, [part(sdl, answer), part('', answer)]),
      /AdminQuery\.zoo has two resolvers/,
    )
  })

  it('refuses a scalar that nobody defines', () => {
    assert.throws(
      () => assembleSchema(ROOT, [part('scalar Zebra extend type AdminQuery { z: Zebra @public }')]),
      /Zebra/,
    )
  })
})

describe('a mutation', () => {
  it('MongooseIM: does what it is asked for in the order in which that is written, also after an error', async (t) => {
    const { ask } = await apiStory(t)
    const user = '(user: "romeo@example.com")'
    const made = '(domain: "example.com", username: "romeo", password: "p") { jid }'
    const fields = `none: removeUser${user} { jid } one: registerUser${made} gone: removeUser${user} { jid } two: registerUser${made}`
    const { body } = await ask(`mutation { account { ${fields} } }`)
    assert.deepEqual(
      body.errors?.map(({ path }) => path),
      [['account', 'none']],
    )
    const jid = 'romeo@example.com'
    assert.deepEqual(JSON.parse(JSON.stringify(body.data)), {
      account: { none: null, one: { jid }, gone: { jid }, two: { jid } },
    })
  })
})

describe('allowed_categories and @use', () => {
  it('MongooseIM: a category that is not allowed is an error of its field', async (t) => {
    const { ask } = await apiStory(t)
    const answer = await ask('{ server { getCookie } checkAuth { authStatus } }', { allowedCategories: ['checkAuth'] })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.body.errors, [
      { message: 'Category disabled', path: ['server'], extensions: { category: 'server', code: 'category_disabled' } },
    ])
    assert.deepEqual(JSON.parse(JSON.stringify(answer.body.data)), {
      server: null,
      checkAuth: { authStatus: 'AUTHORIZED' },
    })
  })

  it('MongooseIM: a module that does not run is named', async (t) => {
    const { ask } = await apiStory(t, { absent: ['alice'] })
    const answer = await ask('{ stanza { getLastMessages(caller: "alice@example.com") { limit } } }')
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.body.errors?.[0], {
      message: 'Some of the required modules are not loaded',
      path: ['stanza', 'getLastMessages'],
      extensions: { not_loaded_modules: ['mod_mam_pm'], code: 'deps_not_loaded' },
    })
  })

  it('MongooseIM: an unknown domain is left to the resolver', async (t) => {
    const { ask } = await apiStory(t)
    const answer = await ask('{ stanza { getLastMessages(caller: "alice@elsewhere.example") { limit } } }')
    assert.equal(codeOf(answer), 'unknown_user')
  })
})
