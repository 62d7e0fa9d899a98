/** The thread that copies the store. */
import { DatabaseSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'

const { source, target } = workerData as { source: string; target: string }
const db = new DatabaseSync(source, { readOnly: true, timeout: 5000 })
try {
  // SQLite takes an empty file as the target: it has been made with the mode that it must have.
  db.prepare('VACUUM INTO ?').run(target)
} finally {
  db.close()
}
