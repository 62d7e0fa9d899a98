/** One server for a data folder: a lock that the operating system holds for the process, and takes back when the process ends, however it does. */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { problemOf } from './errors.ts'

/** A folder that this process alone may use. */
export interface FolderLock {
  /** Gives the folder free. */
  release(): void
}

/**
 * Locks a folder; throws when another server has it. Node has no call for locks on files, SQLite has: an empty database that is locked for
 * writing. A file that a killed server left is no lock, so nothing has to be cleaned up by hand.
 */
export function lockFolder(folder: string): FolderLock {
  const file = join(folder, 'meerkat.lock')
  closeSync(openSync(file, 'a', 0o600))
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (problemOf(error).problem !== 'busy') throw error
    throw new Error(`another server uses the data folder ${folder}: stop it first, or name another data_dir`, {
      cause: error,
    })
  }
  return { release: () => db.close() }
}
