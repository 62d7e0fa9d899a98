import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { GraphQLObjectType, getNamedType } from 'graphql'
import { API, USER_API } from './api-story.fixture.ts'
import { goneHandler, goneRequests, operationFor } from './gone.ts'

/** Categories of modules that are not there yet. */
const LATER = new Set(['muc', 'muc_light', 'inbox'])

describe('the removed REST APIs of MongooseIM', () => {
  it('name operations that the schemas have', () => {
    let checked = 0
    for (const [method, path, { schema, type, category, field }] of goneRequests()) {
      const { schema: graphql } = schema === 'admin' ? API : USER_API
      const roots = {
        query: graphql.getQueryType(),
        mutation: graphql.getMutationType(),
        subscription: graphql.getSubscriptionType(),
      }
      const found = roots[type]?.getFields()[category]
      const inside = found && getNamedType(found.type)
      if (inside === undefined && LATER.has(category)) continue
      checked++
      assert.ok(inside instanceof GraphQLObjectType && inside.getFields()[field], `${method} ${path}: no ${field}`)
    }
    assert.ok(checked > 25)
  })

  it('find them by method and path', () => {
    const of = (schema: 'admin' | 'user', method: string, path: string) => operationFor(schema, method, path)?.field
    assert.equal(of('admin', 'GET', 'users/example.com'), 'listUsers')
    assert.equal(of('admin', 'DELETE', 'users/example.com/alice'), 'removeUser')
    assert.equal(of('admin', 'PUT', 'contacts/a@b/c@d/manage'), 'setMutualSubscription')
    assert.equal(of('admin', 'GET', 'users//'), undefined)
    assert.equal(of('user', 'GET', 'messages'), 'getLastMessages')
    assert.equal(of('user', 'GET', 'users/example.com'), undefined)
  })

  it('answer 410 to everything', async (t) => {
    const server = createServer(goneHandler('admin', '/api'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init)
      return { status: response.status, body: (await response.json()) as { error: string; graphql?: object } }
    }
    const post = { method: 'POST', body: '{"username":"alice","password":"x"}' }
    assert.deepEqual(await ask('/api/users/example.com?x=1', post), {
      status: 410,
      body: {
        error:
          'This REST API was removed in MongooseIM 6.6: use the mutation account { registerUser } of ' +
          'a mongoose_graphql_handler with schema_endpoint = "admin"',
        graphql: { schema: 'admin', type: 'mutation', category: 'account', field: 'registerUser' },
      },
    })
    for (const path of ['/api', '/api/', '/api/what/ever', '/api/users/..%2f..%2fetc'])
      assert.deepEqual(
        [(await ask(path, { method: 'PUT' })).status, (await ask(path, { method: 'PUT' })).body.graphql],
        [410, undefined],
      )
  })
})
