/** A MongooseIM, and a store into which it is copied. */
import type { TestContext } from 'node:test'
import { memoryDatabase } from '../../storage/memory.ts'
import { openStores } from '../../storage/stores.ts'
import { type MigrateOptions, type MigrateReport, copy } from './index.ts'
import { addressOf, mongooseim } from './mongooseim.fixture.ts'
import { Source, parseSource } from './source.ts'
import type { Target } from './tables.ts'

const PASSWORD: Target['password'] = { format: 'scram', hash: ['sha', 'sha512'], scram_iterations: 4096 }
/** What most tests want. */
export const OPTIONS = { domains: ['example.com'], dryRun: false, overwrite: false }

/** A MongooseIM, and a store into which it can be copied. */
export async function move(t: TestContext) {
  const database = await mongooseim()
  const storage = memoryDatabase()
  t.after(async () => {
    await storage.close()
    await database.drop()
  })
  const target: Target = { storage, stores: openStores(storage), password: PASSWORD }
  const run = async (options: Partial<MigrateOptions> = {}, into = target): Promise<MigrateReport> => {
    const source = await Source.open(parseSource(addressOf(database)))
    try {
      return await copy(source, () => into, { ...OPTIONS, ...options })
    } finally {
      await source.close()
    }
  }
  return { database, storage, target, run }
}

/** By table: rows, and how many of them were copied, the same, kept and skipped. */
export const figures = ({ outcomes }: MigrateReport) =>
  Object.fromEntries(
    outcomes.map(({ table, rows, copied, same, kept, skipped }) => [table, [rows, copied, same, kept, skipped]]),
  )
