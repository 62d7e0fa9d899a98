import { memoryDatabase } from './memory.ts'
import { databaseContract } from './testing/database.contract.ts'
import { outboxContract } from './testing/outbox.contract.ts'
import { storesContract } from './testing/stores.contract.ts'

const open = async () => {
  const db = memoryDatabase()
  return { db, end: () => db.close() }
}

databaseContract('memory', open)
storesContract('memory', open)
outboxContract('memory', open)
