/**
 * The generic stores, for modules whose queries are not special: private XML, vCard, last activity, roster, offline, tokens.
 * An owner is a bare JID ('user@domain' or 'domain') as a string; its domain is kept beside it, so that a domain's data goes at once.
 * Reading returns a promise. Changing returns a `Write`, so that changes of several stores join in one unit: `db.commit([a, b])`.
 */
import { type Write } from './database.ts'

/** How many entries an owner may have, and the error with which one more refuses the whole unit. */
export interface Quota {
  readonly limit: number
  readonly refused: Error
}

/** One value for each owner. */
export interface KeyValue {
  get(owner: string): Promise<string | undefined>
  /** Adds or replaces the owner's value. */
  put(owner: string, value: string): Write
  remove(owner: string): Write
  /** Removes what all owners at `domain` have. */
  removeDomain(domain: string): Write
}

/** For each owner, values by key. */
export interface KeyedSet {
  get(owner: string, key: string): Promise<string | undefined>
  /** All of the owner's entries, ordered by key (by code point). */
  all(owner: string): Promise<Map<string, string>>
  /** The owner's entries in the same order, so many at a time; `after` is the key to go on from. Default limit: 1,000. */
  page(owner: string, options?: { readonly limit?: number; readonly after?: string }): Promise<Map<string, string>>
  count(owner: string): Promise<number>
  /** Adds or replaces the value of `key`; a quota, checked in the statement, applies to new keys only. */
  put(owner: string, key: string, value: string, quota?: Quota): Write
  remove(owner: string, key: string): Write
  /** Removes all of the owner's entries. */
  clear(owner: string): Write
  /** Makes all of the owner's entries entries of the store `to`, where the owner has none. */
  move(owner: string, to: string): Write
  /** Removes what all owners at `domain` have. */
  removeDomain(domain: string): Write
}

/** An entry of a log; `at` is when it was appended, in microseconds since 1970. */
export interface LogEntry {
  readonly id: number
  readonly value: string
  readonly at: number
}

/** Options of appending: a quota, and the time of the entry in microseconds (default: now). */
export interface Append extends Partial<Quota> {
  readonly at?: number
}

/** For each owner, entries in the order of their times, and of the same time in that of their ids. Ids grow, and are never used again. */
export interface Log {
  /** Appends an entry; with `limit`, the unit is refused (with `refused`) when the owner already has that many. */
  append(owner: string, value: string, options?: Append): Write
  /** The owner's oldest entries, oldest first; `after` is the entry to go on from. Default limit: 1,000. */
  read(
    owner: string,
    options?: { readonly limit?: number; readonly after?: Pick<LogEntry, 'id' | 'at'> },
  ): Promise<LogEntry[]>
  count(owner: string): Promise<number>
  /** The owners at `domain` who have entries, in order; `after` is the one to go on from. Default limit: 1,000. */
  owners(domain: string, options?: { readonly limit?: number; readonly after?: string }): Promise<string[]>
  /** Removes the owner's entries with these ids. */
  remove(owner: string, ids: readonly number[]): Write
  /** Removes the owner's entries of these times. */
  removeAt(owner: string, times: readonly number[]): Write
  /** Removes all of the owner's entries. */
  clear(owner: string): Write
  /** Removes what all owners at `domain` have. */
  removeDomain(domain: string): Write
  /** Removes every owner's entries that are older than `at`, in microseconds since 1970. */
  removeOlderThan(at: number): Write
}

/** The generic stores by name; the same name is the same store. */
export interface Stores {
  keyValue(name: string): KeyValue
  keyedSet(name: string): KeyedSet
  log(name: string): Log
}
