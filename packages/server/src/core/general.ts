import { sharedKey } from './host.ts'

/** What modules need to know of `[general]`. */
export interface General {
  /** Seconds that an address waits between two registrations of accounts; Infinity: no limit is kept. */
  readonly registration_timeout: number
  readonly language: string
}

/** The section `[general]`; the composition root provides it. */
export const generalKey = sharedKey<General>('the general settings')
