/** Folders for tests of engines that keep files. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new folder, and how to remove it with what is in it. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'meerkat-storage-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
