/** What the server keeps of a user, for the user to have (GDPR, article 15): each module tells what it keeps. */
import type { Jid } from '@meerkat/protocol'
import { fold } from './hooks.ts'

/** A table of what one module keeps of a user. */
export interface PersonalData {
  /** The name of its file: `roster`. */
  readonly group: string
  readonly columns: readonly string[]
  /** As many as there are: they are read when they are written, a page at a time. */
  readonly rows: AsyncIterable<readonly string[]> | Iterable<readonly string[]>
}

/** Fired when a user's data are asked for; listeners add theirs. The user is a bare JID. */
export const personalData = fold<readonly PersonalData[], [user: Jid]>('personal data')

/** The time as tables have it, of microseconds since 1970. */
export const timeOf = (micros: number): string => new Date(Math.floor(micros / 1000)).toISOString()
