/** Copies of the embedded store: made while the server writes on, and put back while no server runs. */
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { MIGRATIONS } from '../migrations/index.ts'

/** A finished copy. */
export interface Backup {
  readonly file: string
  readonly bytes: number
}

/**
 * Writes a copy of the store in `source` to `target`, as it is at one moment: a reading transaction of its own, so that nobody waits for it.
 * It is under its name only when it is whole and on the disk. Rejects when `target` exists.
 */
export async function backupSqlite(source: string, target: string): Promise<Backup> {
  const file = resolve(target)
  if (existsSync(file)) throw new Error(`${file} is there already`)
  const partial = `${file}.partial`
  rmSync(partial, { force: true })
  // The copy holds passwords and messages: nobody else may read it, not even while it grows.
  closeSync(openSync(partial, 'wx', 0o600))
  try {
    await copyInThread(source, partial)
    settle(partial, file)
  } catch (error) {
    rmSync(partial, { force: true })
    throw error
  }
  return { file, bytes: statSync(file).size }
}

/** In a thread, because copying takes as long as the disk does. */
function copyInThread(source: string, target: string): Promise<void> {
  const name = import.meta.url.endsWith('.ts') ? './backup-worker.ts' : './backup-worker.js'
  const worker = new Worker(new URL(name, import.meta.url), { workerData: { source, target }, execArgv: [] })
  return new Promise((done, fail) => {
    worker.once('error', fail)
    worker.once('exit', (code) => (code === 0 ? done() : fail(new Error(`the copy failed with code ${code}`))))
  })
}

/**
 * Puts a copy in the place of the store in `target`; no server may run. The store that was there is kept beside it. Answers with that one's
 * name, undefined when there was none. Throws, with nothing changed, when `source` is no whole store of this server.
 */
export function restoreSqlite(source: string, target: string): string | undefined {
  check(source)
  const partial = `${target}.partial`
  copyFileSync(source, partial)
  chmodSync(partial, 0o600)
  const kept = existsSync(target) ? freeName(target) : undefined
  if (kept !== undefined) {
    fold(target)
    renameSync(target, kept)
  }
  for (const suffix of ['-wal', '-shm']) rmSync(`${target}${suffix}`, { force: true })
  settle(partial, target)
  return kept
}

/** Throws when the file is no store, is damaged, or is of a later release. */
function check(file: string): void {
  if (!existsSync(file)) throw new Error(`${file} does not exist`)
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const found = db.prepare('PRAGMA integrity_check').get() as { integrity_check: string }
    if (found.integrity_check !== 'ok') throw new Error(`${file} is damaged: ${found.integrity_check}`)
    const { newest } = db.prepare('SELECT max(version) AS newest FROM schema_version').get() as {
      newest: number | null
    }
    if (newest === null) throw new Error(`${file} is no store of this server`)
    if (newest > MIGRATIONS.length) throw new Error(`${file} was made by a later release`)
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw words.startsWith(file) ? error : new Error(`${file} is no store of this server: ${words}`, { cause: error })
  } finally {
    db.close()
  }
}

/** Folds what a killed server left in the log into the file, so that the file alone is whole. */
function fold(file: string): void {
  const db = new DatabaseSync(file)
  try {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
}

function freeName(file: string): string {
  for (let number = 1; ; number++) {
    const name = `${file}.before-restore-${number}`
    if (!existsSync(name)) return name
  }
}

/** Gives a file that is written its name, both on the disk for good. */
function settle(partial: string, file: string): void {
  sync(partial)
  renameSync(partial, file)
  sync(dirname(file))
}

function sync(path: string): void {
  const opened = openSync(path, 'r')
  fsyncSync(opened)
  closeSync(opened)
}
