/** Uploaded files in a folder: written beside their place, put there whole, removed by id (XEP-0363). */
import { type FileHandle, mkdir, open, readdir, rename, rm, statfs } from 'node:fs/promises'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { type Incoming, MediumFull, type UploadFiles } from '../core/uploads.ts'

/** Bytes of the medium that are left to everything else. */
const RESERVE = 64 * 1024 * 1024
/** What a medium says that has no space left for a file, or for its owner. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** A folder of files. */
export class DiskFiles implements UploadFiles {
  readonly #folder: string
  /** Files that are not whole. */
  readonly #parts: string

  constructor(folder: string) {
    this.#folder = folder
    this.#parts = join(folder, 'part')
  }

  /** Makes the folder, and drops what uploads have left there that a dead server did not finish. */
  async open(): Promise<void> {
    mkdirSync(this.#parts, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#parts)) await rm(join(this.#parts, name), { force: true })
  }

  async create(id: string): Promise<Incoming> {
    const [part, place] = [join(this.#parts, checked(id)), this.#placeOf(id)]
    const file = await told(open(part, 'wx', 0o600))
    return {
      write: (chunk) => told(writeAll(file, chunk)),
      finish: async () => {
        await told(file.sync())
        await file.close()
        await told(mkdir(dirname(place), { recursive: true, mode: 0o700 }))
        await rename(part, place)
        await syncFolder(dirname(place))
      },
      abort: async () => {
        await file.close().catch(() => undefined)
        await rm(part, { force: true })
      },
    }
  }

  async read(id: string, start: number, end: number): Promise<Readable | undefined> {
    try {
      const file = await open(this.#placeOf(id), 'r')
      // A stream includes its end; one of nothing begins behind it.
      return file.createReadStream({ start, end: Math.max(start, end - 1) })
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      await rm(this.#placeOf(id), { force: true })
      await rm(join(this.#parts, checked(id)), { force: true })
    }
  }

  async hasRoom(bytes: number): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.#folder)
    return bytes + RESERVE <= bavail * bsize
  }

  #placeOf(id: string): string {
    return join(this.#folder, checked(id).slice(0, 2), id)
  }
}

/** S86: whatever anybody asks for, a path is made of hexadecimal digits only. */
function checked(id: string): string {
  if (!/^[0-9a-f]{16,}$/.test(id)) throw new TypeError('an id is hexadecimal digits')
  return id
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let at = 0
  while (at < chunk.length) at += (await file.write(chunk, at)).bytesWritten
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** R8: says in one way that there is no space. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (FULL.has(String(codeOf(error)))) throw new MediumFull('no space left for files', { cause: error })
    throw error
  }
}
