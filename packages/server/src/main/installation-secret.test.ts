import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StorageError } from '../core/database.ts'
import { memoryDatabase } from '../storage/memory.ts'
import { installationSecret } from './installation-secret.ts'

describe('S32: the secret of an installation', () => {
  it('is the same for every process of a main store, also for those that start together', async (t) => {
    const db = memoryDatabase()
    t.after(() => db.close())
    const together = await Promise.all([installationSecret(db), installationSecret(db), installationSecret(db)])
    const later = await installationSecret(db)
    for (const secret of together) assert.deepEqual(secret, later)
    assert.equal(later.length, 32)
  })

  it('is another one for another store', async (t) => {
    const [one, other] = [memoryDatabase(), memoryDatabase()]
    t.after(() => Promise.all([one.close(), other.close()]))
    assert.notDeepEqual(await installationSecret(one), await installationSecret(other))
  })

  it('is not made up when the store fails', async () => {
    const db = memoryDatabase()
    await db.close()
    await assert.rejects(installationSecret(db), StorageError)
  })
})
