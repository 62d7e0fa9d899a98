/** Uploaded files in memory, for stories. */
import { Readable } from 'node:stream'
import { type Incoming, MediumFull, type UploadFiles } from '../core/uploads.ts'

/** A medium without a disk. */
export class MemoryFiles implements UploadFiles {
  readonly files = new Map<string, Buffer>()
  /** Bytes that fit. */
  room = Infinity

  create(id: string): Promise<Incoming> {
    const chunks: Uint8Array[] = []
    return Promise.resolve({
      write: (chunk) => {
        this.room -= chunk.length
        if (this.room < 0) return Promise.reject(new MediumFull('no space left'))
        chunks.push(chunk)
        return Promise.resolve()
      },
      finish: () => Promise.resolve(void this.files.set(id, Buffer.concat(chunks))),
      abort: () => Promise.resolve(),
    })
  }

  read(id: string, start: number, end: number): Promise<Readable | undefined> {
    const file = this.files.get(id)
    return Promise.resolve(file && Readable.from([file.subarray(start, end)]))
  }

  remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.files.delete(id)
    return Promise.resolve()
  }

  hasRoom(bytes: number): Promise<boolean> {
    return Promise.resolve(bytes <= this.room)
  }
}
