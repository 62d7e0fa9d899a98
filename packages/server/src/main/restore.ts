/** `meerkat restore`: puts a backup in the place of the embedded store while no server runs. */
import { mkdirSync } from 'node:fs'
import type { Config } from '../core/config/types.ts'
import { restoreSqlite } from '../storage/sqlite/backup.ts'
import { lockFolder } from '../storage/sqlite/folder-lock.ts'
import { sqliteFile } from './storage.ts'

/** Restores, and says what was done. Throws, with nothing changed, when a server runs or the backup is not whole. */
export function restoreStore(config: Config, source: string): string {
  const target = sqliteFile(config)
  if (target === undefined) throw new Error("the main store is not the embedded one: use the database's own tools")
  const { data_dir: folder } = config.general
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = lockFolder(folder)
  try {
    const kept = restoreSqlite(source, target)
    return kept === undefined ? `restored ${target}` : `restored ${target}; the store that was there is ${kept}`
  } finally {
    lock.release()
  }
}
