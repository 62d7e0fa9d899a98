import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJid } from '@meerkat/protocol'
import { AccountError } from '../core/accounts.ts'
import type { Database, Write } from '../core/database.ts'
import { pkiAuth } from './pki.ts'

const user = parseJid('juliet@localhost')
const committed: Write[] = []
const method = pkiAuth({
  commit: (writes: readonly Write[]) => {
    committed.push(...writes)
    return Promise.resolve()
  },
} as unknown as Database)

const notAllowed = (error: unknown): boolean => error instanceof AccountError && error.problem === 'not_allowed'

test('every name is one of a user, and no list has them', async () => {
  assert.equal(await method.exists(user), true)
  assert.deepEqual(await method.list('localhost', {}), [])
  assert.equal(await method.count('localhost'), 0)
})

test('no password opens anything, and none can be given', async () => {
  assert.deepEqual(method.mechanisms, ['EXTERNAL'])
  assert.equal(await method.credentials(user), undefined)
  assert.equal(await method.checkPassword(user, ''), false)
  await assert.rejects(method.register(user, 'secret'), notAllowed)
  await assert.rejects(method.setPassword(user, 'secret'), notAllowed)
})

test('what the server keeps of a user goes when the user is removed', async () => {
  const write = { sql: 'DELETE FROM last WHERE username = ?', params: ['juliet'] }
  assert.equal(await method.remove(user, [write]), true)
  assert.deepEqual(committed, [write])
})
