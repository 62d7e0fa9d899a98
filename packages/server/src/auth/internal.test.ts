import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SaslError, parseJid } from '@meerkat/protocol'
import { scramHashes, scramKeys } from '@meerkat/protocol/sasl'
import { AccountError } from '../core/accounts.ts'
import { memoryDatabase } from '../storage/memory.ts'
import { internalAuth } from './internal.ts'
import { PasswordQueue } from './password-queue.ts'

const alice = parseJid('alice@localhost')
const fast = { iterations: 4096, hashes: ['sha1', 'sha256'] as const }

describe('auth internal', () => {
  it('registers, checks, changes and removes', async () => {
    const auth = internalAuth(memoryDatabase(), fast)
    assert.equal(await auth.exists(alice), false)
    await auth.register(alice, 'secret')
    assert.equal(await auth.exists(alice), true)
    assert.equal(await auth.checkPassword(alice, 'secret'), true)
    assert.equal(await auth.checkPassword(alice, 'Secret'), false)

    await auth.setPassword(alice, 'better')
    assert.equal(await auth.checkPassword(alice, 'secret'), false)
    assert.equal(await auth.checkPassword(alice, 'better'), true)

    assert.equal(await auth.remove(alice, []), true)
    assert.equal(await auth.exists(alice), false)
    assert.equal(await auth.checkPassword(alice, 'better'), false)
    assert.equal(await auth.remove(alice, []), false)
  })

  it('keeps keys instead of the password, in the form of MongooseIM', async () => {
    const storage = memoryDatabase()
    await internalAuth(storage, { ...fast, hashes: scramHashes }).register(alice, 'secret')
    const [row] = await storage.query<{ password: string; pass_details: string }>('SELECT * FROM users')
    assert.equal(row!.password, '')
    assert.match(row!.pass_details, /^==MULTI_SCRAM==,4096,===SHA1===.+==SHA512==.+$/)
    assert.doesNotMatch(row!.pass_details, /secret/)
  })

  it('gives the keys of each hash', async () => {
    const auth = internalAuth(memoryDatabase(), fast)
    await auth.register(alice, 'secret')
    const credentials = (await auth.credentials(alice))!
    const keys = (await credentials.scram('sha256'))!
    const again = await scramKeys('secret', 'sha256', keys.salt, 4096)
    assert.deepEqual(Buffer.from(keys.storedKey), Buffer.from(again.storedKey))
    assert.equal(await credentials.scram('sha512'), undefined)
    assert.equal(await auth.credentials(parseJid('bob@localhost')), undefined)
  })

  it('derives keys on the fly from passwords kept in the clear', async () => {
    const auth = internalAuth(memoryDatabase(), { ...fast, format: 'plain' })
    await auth.register(alice, 'secret')
    const keys = (await (await auth.credentials(alice))!.scram('sha256'))!
    const again = await scramKeys('secret', 'sha256', keys.salt, keys.iterations)
    assert.deepEqual(Buffer.from(keys.storedKey), Buffer.from(again.storedKey))
    assert.equal(await auth.checkPassword(alice, 'secret'), true)
    assert.equal(await auth.checkPassword(alice, 'wrong'), false)
  })

  it('refuses a second registration and one too many', async () => {
    const auth = internalAuth(memoryDatabase(), { ...fast, maxUsersPerDomain: 1 })
    await auth.register(alice, 'secret')
    const problem = (name: string) => (error: unknown) => error instanceof AccountError && error.problem === name
    await assert.rejects(auth.register(alice, 'other'), problem('limit_per_domain_exceeded'))
    await assert.rejects(auth.register(parseJid('bob@localhost'), 'x'), problem('limit_per_domain_exceeded'))
    const roomy = internalAuth(memoryDatabase(), fast)
    await roomy.register(alice, 'secret')
    await assert.rejects(roomy.register(alice, 'other'), problem('exists'))
    assert.equal(await roomy.checkPassword(alice, 'secret'), true)
  })

  it('lists and counts the users of a domain', async () => {
    const auth = internalAuth(memoryDatabase(), fast)
    for (const name of ['carol@localhost', 'alice@localhost', 'bob@localhost', 'dave@elsewhere'])
      await auth.register(parseJid(name), 'p')
    assert.deepEqual(await auth.list('localhost', {}), ['alice', 'bob', 'carol'])
    assert.deepEqual(await auth.list('localhost', { limit: 1, index: 1 }), ['bob'])
    assert.equal(await auth.count('localhost'), 3)
  })
})

describe('S37: work on passwords is capped', () => {
  it('runs few at once, lets some wait, and refuses the rest', async () => {
    const queue = new PasswordQueue(2, 3)
    let running = 0
    let most = 0
    const task = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
    }
    const results = await Promise.allSettled(Array.from({ length: 7 }, () => queue.run(task)))
    assert.equal(most, 2)
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 5)
    const refused = results.filter((result) => result.status === 'rejected')
    assert.ok(
      refused.every(({ reason }) => reason instanceof SaslError && reason.condition === 'temporary-auth-failure'),
    )
    await queue.run(task)
  })
})
