import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apiStory, codeOf } from './api-story.fixture.ts'

describe('server', () => {
  it('tells its status, host types and services', async (t) => {
    const { story, ask } = await apiStory(t)
    const answer = await ask(`{ server {
      status { statusCode message version commitHash }
      getLoglevel getCookie
      hostTypes { name modules { name options { key value } } authMethods }
      globalInfo { services { name } internalDatabases }
    } }`)
    assert.equal(answer.body.errors, undefined)
    assert.deepEqual(JSON.parse(JSON.stringify(answer.body.data)), {
      server: {
        status: {
          statusCode: 'RUNNING',
          message: `The node ${story.kernel.node} is started. Status: started. Meerkat 1.2.3 is running in that node.`,
          version: '1.2.3',
          commitHash: 'abcdef',
        },
        getLoglevel: 'NOTICE',
        getCookie: null,
        hostTypes: [{ name: 'example.com', modules: [{ name: 'mod_messages', options: [] }], authMethods: ['memory'] }],
        globalInfo: { services: [{ name: 'service_domain_db' }], internalDatabases: [] },
      },
    })
  })

  it('sets the log level, stops and restarts', async (t) => {
    const { node, ask } = await apiStory(t)
    const answer = await ask('mutation { server { setLoglevel(level: DEBUG) stop restart } }')
    assert.deepEqual(JSON.parse(JSON.stringify(answer.body.data)), {
      server: { setLoglevel: 'Log level successfully set.', stop: 'Stop scheduled', restart: 'Restart scheduled' },
    })
    assert.equal(node.logLevel, 'DEBUG')
    assert.deepEqual(node.orders, ['stop', 'restart'])
  })

  const cluster: readonly (readonly [string, string])[] = [
    ['joinCluster(node: "other@host")', 'pang'],
    ['leaveCluster', 'not_in_cluster'],
    ['removeFromCluster(node: "other@host")', 'not_in_cluster'],
    ['removeNode(node: "other@host")', 'not_in_cluster'],
  ]
  for (const [field, code] of cluster)
    it(`a node on its own answers ${field} with ${code}`, async (t) => {
      const { ask } = await apiStory(t)
      assert.equal(codeOf(await ask(`mutation { server { ${field} } }`)), code)
    })
})
