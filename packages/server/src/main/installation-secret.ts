/** A secret that this installation makes for itself: the same after every restart, and on all nodes of one main store. */
import { randomBytes } from 'node:crypto'
import type { Database } from '../core/database.ts'
import { openStores } from '../storage/stores.ts'

const OWNER = 'installation'
const BYTES = 32

/** There was one already. */
class Taken extends Error {}

/** Reads the secret of a main store, or makes it. Rejects with a `StorageError`. */
export async function installationSecret(db: Database): Promise<Buffer> {
  const secrets = openStores(db).keyedSet('installation')
  const known = async (): Promise<string | undefined> => [...(await secrets.all(OWNER)).keys()][0]
  let secret = await known()
  if (secret === undefined) {
    // Of two nodes that start at the same moment only one may have its way.
    const only = { limit: 1, refused: new Taken() }
    const made = secrets.put(OWNER, randomBytes(BYTES).toString('hex'), '', only)
    await db.commit([made]).catch((error: unknown) => {
      if (!(error instanceof Taken)) throw error
    })
    secret = await known()
  }
  return Buffer.from(secret!, 'hex')
}
