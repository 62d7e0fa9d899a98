/**
 * XEP-0431: searching an archive for words. Each row holds its text as it is compared; a search goes through the rows of its archive, stretch by
 * stretch, so that others who read are served in between, and no further than so many rows.
 */
import { Body, StanzaError } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import type { Database } from '../../core/database.ts'
import { type Condition, type Row, idAt, narrow, readRows } from './rows.ts'

/** How much of a message's text can be found. */
const SEARCHABLE = 16_384
/** How many words a search may have. */
const MAX_WORDS = 10
/** How many rows are looked through at a time, and how many times for one page. */
const STRETCH = 10_000
const STRETCHES = 20

/** What a row holds to be found by; null when the message has no text. No regular expression: this is done for each message that is stored. */
export function searchableText(message: Element): string | null {
  let words: string | undefined
  for (const child of message.children)
    if (Body.is(child)) words = words === undefined ? text(child) : `${words}\n${text(child)}`
  if (words === undefined) return null
  // The recipient's archive follows the sender's.
  if (words !== last.words)
    last = { words, comparable: comparable(words.slice(0, 2 * SEARCHABLE)).slice(0, SEARCHABLE) }
  return last.comparable
}

/** The last text that was made comparable. */
let last = { words: '', comparable: '' }

/** One form of letters for all ways to write them. */
const comparable = (words: string): string => words.normalize('NFKC').toLowerCase()

/** The words of a search, without punctuation; each must be found in a message, in any order, also within another word. */
export function searchWords(asked: string): string[] {
  const words = comparable(asked.slice(0, SEARCHABLE)).match(/[^\s\p{P}]+/gu) ?? []
  if (words.length === 0) throw new StanzaError('modify', 'bad-request', 'The search holds no word.')
  const distinct = [...new Set(words)]
  if (distinct.length > MAX_WORDS)
    throw new StanzaError('modify', 'policy-violation', `At most ${MAX_WORDS} words can be searched for.`)
  return distinct
}

/** What a search has found. */
export interface Found {
  /** Oldest first. */
  readonly rows: Row[]
  /** Whether every row was looked through, or enough of them for the page. */
  readonly whole: boolean
}

/**
 * At most `limit` rows that hold the words, from one end of `condition`. Throws `policy-violation` when the rows that may be looked through hold
 * none: a page without messages would give the client nothing to go on from.
 */
export async function searchRows(
  db: Database,
  condition: Condition,
  words: readonly string[],
  from: 'oldest' | 'newest',
  limit: number,
): Promise<Found> {
  const rows: Row[] = []
  let rest = condition
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    const end = await idAt(db, rest, from, STRETCH)
    const bound = from === 'oldest' ? { before: end } : { after: end }
    const found = await readRows(db, narrow(rest, { words, ...bound }), from, limit - rows.length)
    if (from === 'oldest') rows.push(...found)
    else rows.unshift(...found)
    if (end === undefined || rows.length >= limit) return { rows, whole: true }
    rest = narrow(rest, from === 'oldest' ? { atLeast: end } : { atMost: end })
  }
  if (rows.length > 0) return { rows, whole: false }
  const looked = `None of ${STRETCH * STRETCHES} messages holds that`
  throw new StanzaError('modify', 'policy-violation', `${looked}: narrow the search with start, end or with.`)
}

/** Whether a condition has no more rows than one stretch, so that what it finds can be counted. */
export async function isShort(db: Database, condition: Condition): Promise<boolean> {
  return (await idAt(db, condition, 'newest', STRETCH)) === undefined
}
