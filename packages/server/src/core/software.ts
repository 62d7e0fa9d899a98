import { sharedKey } from './host.ts'

/** What this server says that it is. */
export interface Software {
  readonly name: string
  readonly version: string
}

/** The server's name and version; the composition root provides them. */
export const softwareKey = sharedKey<Software>('the software')
