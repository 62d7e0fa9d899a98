/**
 * Files that users upload over HTTP (XEP-0363): the seam between the module that gives slots away, the handler that takes and serves files, and
 * the folder that holds them.
 */
import type { Readable } from 'node:stream'
import { sharedKey } from './host.ts'

/** A file as it may be served. */
export interface KeptFile {
  readonly size: number
  /** What the uploader said that it is. */
  readonly type: string
  readonly name: string
}

/** A file that may be uploaded now. */
export interface OpenSlot extends KeptFile {
  /** Whether the uploader must say the type again. */
  readonly isTyped: boolean
}

/** Why a file is not taken: no such slot, one that has its file, or one whose time is over. */
export type SlotProblem = 'unknown' | 'used' | 'expired'

/** The slots of a host type. */
export interface UploadSlots {
  /** The slot behind the address of an upload. */
  open(domain: string, id: string, token: string): Promise<OpenSlot | SlotProblem>
  /** The file is there, whole: it may be served once this resolves. False when the slot has gone meanwhile: then nobody wants the file. */
  keep(domain: string, id: string): Promise<boolean>
  /** A file that is kept. */
  find(domain: string, id: string): Promise<KeptFile | undefined>
}

/** A file that is being written. */
export interface Incoming {
  write(chunk: Uint8Array): Promise<void>
  /** Makes the file durable and puts it into its place. */
  finish(): Promise<void>
  /** Drops what was written. */
  abort(): Promise<void>
}

/** No space is left on the medium (R8). */
export class MediumFull extends Error {
  override readonly name = 'MediumFull'
}

/** Where the bytes are. Ids are hexadecimal digits. */
export interface UploadFiles {
  /** Begins a file; throws MediumFull as its methods do. */
  create(id: string): Promise<Incoming>
  /** A part of a file; `end` is behind its last byte. Undefined when the file is not there. */
  read(id: string, start: number, end: number): Promise<Readable | undefined>
  /** Removes files, and what was written of them. */
  remove(ids: readonly string[]): Promise<void>
  /** Whether so many more bytes will fit, as far as anybody can tell. */
  hasRoom(bytes: number): Promise<boolean>
}

/** What the module and the handler know of each other. */
export class UploadDesk {
  readonly files: UploadFiles
  readonly #slots = new Map<string, UploadSlots>()
  #urlOf: ((domain: string) => string) | undefined

  /** `isServed`: whether the configuration has a handler, which says later where it is. */
  constructor(files: UploadFiles, isServed: boolean) {
    this.files = files
    if (isServed) this.#urlOf = (domain) => `https://${domain}`
  }

  /** Whether there is a handler. */
  get isServed(): boolean {
    return this.#urlOf !== undefined
  }

  /** The address, without a slash at its end, under which the handler serves the files of a domain. */
  url(domain: string): string {
    return this.#urlOf?.(domain) ?? ''
  }

  /** The handler is there. */
  served(urlOf: (domain: string) => string): void {
    this.#urlOf = urlOf
  }

  /** Gives a host type its slots; undefined takes them away. */
  provide(hostType: string, slots: UploadSlots | undefined): void {
    if (slots === undefined) this.#slots.delete(hostType)
    else this.#slots.set(hostType, slots)
  }

  /** The slots of a host type. */
  of(hostType: string): UploadSlots | undefined {
    return this.#slots.get(hostType)
  }
}

/** The desk of this node; the composition root provides it. */
export const uploadDesk = sharedKey<UploadDesk>('the upload desk')
