import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apiStory, codeOf, dataOf } from './api-story.fixture.ts'
import { serverConnections } from './server-connections.ts'

const GLOBAL =
  '{ stat { globalStats { uptimeSeconds registeredUsers onlineUsersNode onlineUsers incomingS2S outgoingS2S } } }'

describe('the category stat', () => {
  it('MongooseIM: counts users and sessions', async (t) => {
    const { ask, story } = await apiStory(t, { users: ['alice/1', 'alice/2'], absent: ['bob'] })
    await story.wait(90)
    assert.deepEqual(dataOf(await ask(GLOBAL)), {
      stat: {
        globalStats: {
          uptimeSeconds: 90,
          registeredUsers: 2,
          onlineUsersNode: 2,
          onlineUsers: 2,
          incomingS2S: 0,
          outgoingS2S: 0,
        },
      },
    })
    const ofDomain = (domain: string) =>
      ask(`{ stat { domainStats(domain: "${domain}") { registeredUsers onlineUsers } } }`)
    assert.deepEqual(dataOf(await ofDomain('example.com')), {
      stat: { domainStats: { registeredUsers: 2, onlineUsers: 2 } },
    })
    assert.equal(codeOf(await ofDomain('other.example')), 'domain_not_found')
  })

  it('counts the connections with other servers, if there are any', async (t) => {
    const { ask, story } = await apiStory(t)
    story.kernel.share(serverConnections, { incoming: () => 3, outgoing: () => 2 })
    const { stat } = dataOf(await ask(GLOBAL)) as { stat: { globalStats: Record<string, number> } }
    assert.deepEqual([stat.globalStats['incomingS2S'], stat.globalStats['outgoingS2S']], [3, 2])
  })
})

describe('the category cets', () => {
  it('MongooseIM: tells of the nodes where the configuration has it', async (t) => {
    const { ask, node, story } = await apiStory(t)
    node.internalDatabases.push('cets')
    const nodes = [story.kernel.node]
    assert.deepEqual(
      dataOf(
        await ask('{ cets { tableInfo { tableName } systemInfo { joinedNodes conflictTables discoveryWorks } } }'),
      ),
      { cets: { tableInfo: [], systemInfo: { joinedNodes: nodes, conflictTables: [], discoveryWorks: true } } },
    )
  })

  it('MongooseIM: says so where the configuration has none', async (t) => {
    const { ask } = await apiStory(t)
    for (const field of ['tableInfo { tableName }', 'systemInfo { joinedNodes }']) {
      const error = (await ask(`{ cets { ${field} } }`)).body.errors?.[0]
      assert.equal(error?.message, 'Some of the required internal databases are not loaded')
      assert.deepEqual(error?.extensions, { not_loaded_internal_databases: ['cets'], code: 'deps_not_loaded' })
    }
  })
})
