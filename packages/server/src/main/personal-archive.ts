/** Writes a ZIP archive (APPNOTE 6.3.3) of tables as CSV (RFC 4180): streamed, so that its size costs no memory. */
import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32, createDeflateRaw } from 'node:zlib'

/** A file in the archive: its name, and its text in pieces. */
export interface ArchiveEntry {
  readonly name: string
  readonly text: AsyncIterable<string>
}

/** Beyond that, the archive would need ZIP64. */
const MOST_BYTES = 0xffff_ffff

/** The file name is UTF-8, and the sizes stand behind the data. */
const FLAGS = 0x0808
const DEFLATED = 8
const VERSION = 20

interface Written {
  readonly name: Buffer
  readonly offset: number
  readonly crc: number
  readonly size: number
  readonly packed: number
}

/** Writes a new file, which only the server's user may read; rejects, and leaves none, when something is there or goes wrong. */
export async function writeArchive(file: string, entries: AsyncIterable<ArchiveEntry>): Promise<void> {
  if ((await stat(file).catch(() => undefined))?.isDirectory() === true)
    throw Object.assign(new Error(`${file} is a directory`), { code: 'EISDIR' })
  const handle = await open(file, 'wx', 0o600)
  try {
    await new ZipFile(handle).write(entries)
    await handle.sync()
  } catch (error) {
    await rm(file, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}

/** Makes a folder for archives that name none. */
export async function makeFolderOf(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
}

class ZipFile {
  readonly #handle: FileHandle
  #offset = 0

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async write(entries: AsyncIterable<ArchiveEntry>): Promise<void> {
    const written: Written[] = []
    for await (const entry of entries) written.push(await this.#entry(entry))
    const start = this.#offset
    for (const each of written) await this.#put(centralHeader(each))
    await this.#put(endRecord(written.length, this.#offset - start, start))
  }

  async #entry({ name: text, text: source }: ArchiveEntry): Promise<Written> {
    const name = Buffer.from(text)
    const offset = this.#offset
    let [crc, size, packed] = [0, 0, 0]
    await this.#put(localHeader(name))
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const piece of source) {
        const bytes = Buffer.from(piece)
        crc = crc32(bytes, crc)
        size += bytes.length
        yield bytes
      }
    }
    await pipeline(Readable.from(counted()), createDeflateRaw(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        packed += chunk.length
        await this.#put(chunk)
      }
    })
    const entry = { name, offset, crc, size, packed }
    await this.#put(numbers([0x08074b50, 4], [crc, 4], [packed, 4], [size, 4]))
    return entry
  }

  async #put(bytes: Buffer): Promise<void> {
    this.#offset += bytes.length
    if (this.#offset > MOST_BYTES) throw new Error('there is more than fits into an archive')
    await this.#handle.writeFile(bytes)
  }
}

/** Numbers of two or four bytes, as the format has them. */
function numbers(...fields: readonly (readonly [value: number, bytes: 2 | 4])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const field = Buffer.alloc(bytes)
      field.writeUIntLE(value, 0, bytes)
      return field
    }),
  )
}

/** The times of files are left out: 1980, where the format begins. */
const NO_TIME = [
  [0, 2],
  [0x21, 2],
] as const

const localHeader = (name: Buffer): Buffer =>
  Buffer.concat([
    numbers([0x04034b50, 4], [VERSION, 2], [FLAGS, 2], [DEFLATED, 2], ...NO_TIME),
    numbers([0, 4], [0, 4], [0, 4], [name.length, 2], [0, 2]),
    name,
  ])

const centralHeader = ({ name, offset, crc, size, packed }: Written): Buffer =>
  Buffer.concat([
    numbers([0x02014b50, 4], [VERSION, 2], [VERSION, 2], [FLAGS, 2], [DEFLATED, 2], ...NO_TIME),
    numbers([crc, 4], [packed, 4], [size, 4], [name.length, 2], [0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]),
    name,
  ])

const endRecord = (count: number, size: number, offset: number): Buffer =>
  numbers([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [offset, 4], [0, 2])
