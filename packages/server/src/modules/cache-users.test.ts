import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeJid } from '@meerkat/protocol'
import { DOMAIN, type Story, story } from '../testing/story.ts'
import cacheUsers from './cache-users.ts'

const jid = (user: string) => makeJid(user, DOMAIN)

/** A server that counts how often its accounts are asked for. */
async function asked(t: Parameters<typeof story>[0], section: Record<string, unknown> = {}) {
  const absent = ['romeo', 'juliet', 'paris', 'tybalt']
  const scene = await story(t, { modules: [[cacheUsers, section]], absent })
  const [method] = scene.host.accounts.methods
  const count = { value: 0 }
  const exists = method!.exists.bind(method)
  method!.exists = (user) => (count.value++, exists(user))
  const ask = async (...users: string[]): Promise<[found: boolean[], asked: number]> => {
    count.value = 0
    const found: boolean[] = []
    for (const user of users) found.push(await scene.host.accounts.exists(jid(user)))
    return [found, count.value]
  }
  return { scene, ask }
}

const minutes = async (scene: Story, count: number) => {
  scene.clock.advance(count * 60)
  scene.kernel.timers.advance()
}

describe('mod_cache_users', () => {
  it('asks once for a user who exists, and each time for one who does not', async (t) => {
    const { ask } = await asked(t)
    assert.deepEqual(await ask('romeo', 'romeo', 'romeo'), [[true, true, true], 1])
    assert.deepEqual(await ask('nobody', 'nobody'), [[false, false], 2])
  })

  it('counts what it knew and what it did not, by the names of MongooseIM', async (t) => {
    const { scene, ask } = await asked(t)
    await ask('romeo', 'romeo', 'romeo', 'nobody')
    const labels = `{cache_name="mod_cache_users_${scene.host.type}",host_type="${scene.host.type}"}`
    const lines = scene.kernel.metrics.text().split('\n')
    for (const told of [`hits${labels} 2`, `misses${labels} 2`, `latency_count${labels} 4`])
      assert.ok(lines.includes(`user_cache_lookup_${told}`), told)
  })

  it('fifo: forgets a user time_to_live after finding the user', async (t) => {
    const { scene, ask } = await asked(t, { time_to_live: 30 })
    await ask('romeo')
    await minutes(scene, 10)
    assert.equal((await ask('romeo'))[1], 0)
    await minutes(scene, 10)
    assert.equal((await ask('romeo'))[1], 0)
    await minutes(scene, 10)
    assert.equal((await ask('romeo'))[1], 1)
  })

  it('lru: forgets a user time_to_live after the last question', async (t) => {
    const { scene, ask } = await asked(t, { time_to_live: 30, strategy: 'lru' })
    await ask('romeo', 'juliet')
    for (let i = 0; i < 6; i++) {
      await minutes(scene, 10)
      assert.equal((await ask('romeo'))[1], 0)
    }
    assert.equal((await ask('juliet'))[1], 1)
  })

  it('infinity: forgets only when there are too many', async (t) => {
    const { scene, ask } = await asked(t, { time_to_live: 'infinity', number_of_segments: 2, max_users: 2 })
    await ask('romeo')
    await minutes(scene, 100_000)
    assert.equal((await ask('romeo'))[1], 0)
    await ask('juliet', 'paris', 'tybalt')
    assert.equal((await ask('paris', 'tybalt'))[1], 0)
    assert.equal((await ask('romeo'))[1], 1)
  })

  it('S42: a removed user is forgotten at once, even when found meanwhile', async (t) => {
    const { scene, ask } = await asked(t)
    await ask('romeo')
    await scene.host.accounts.remove(jid('romeo'), [])
    assert.deepEqual(await ask('romeo'), [[false], 1])
    const [method] = scene.host.accounts.methods
    const late = Promise.withResolvers<boolean>()
    const exists = method!.exists.bind(method)
    method!.exists = () => late.promise
    const found = scene.host.accounts.exists(jid('juliet'))
    method!.exists = exists
    await scene.host.accounts.remove(jid('juliet'), [])
    late.resolve(true)
    assert.equal(await found, true)
    assert.deepEqual(await ask('juliet'), [[false], 1])
  })

  it('remembers nothing when it is stopped', async (t) => {
    const { scene, ask } = await asked(t)
    await ask('romeo')
    await scene.kernel.modules.stop(scene.host, 'mod_cache_users')
    assert.equal((await ask('romeo', 'romeo'))[1], 2)
  })
})
