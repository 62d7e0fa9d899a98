/** Finds the page of an archive that a query asks for (XEP-0313 §4, XEP-0059). */
import { type ArchiveQuery, type Jid, StanzaError } from '@meerkat/protocol'
import { decodeId, greatestIdAt, leastIdAt } from '../../core/message-ids.ts'
import { type Condition, type Row, archive, countRows, narrow, readRows, sizeOf } from './rows.ts'
import { isShort, searchRows, searchWords } from './searching.ts'
import type { ArchiveStore } from './store.ts'

/** How many rows are counted at most: a total or a place beyond it is left out, unless the archive's own counter tells it. */
const COUNTED = 10_000
/** How many single messages one query may ask for. */
const MAX_IDS = 256

/** How large pages are. */
export interface PageLimits {
  readonly default_result_limit: number
  readonly max_result_limit: number
  readonly enforce_simple_queries: boolean
}

/** A page of an archive. */
export interface Page {
  /** Oldest first. */
  readonly rows: readonly Row[]
  /** Whether there is nothing beyond the page in its direction. */
  readonly complete: boolean
  /** How many messages the query finds without paging; undefined when that was not counted. */
  readonly count?: number | undefined
  /** The place of the first row among these. */
  readonly index?: number | undefined
}

/** A query with its ids read. */
interface Asked {
  readonly query: ArchiveQuery
  readonly beforeId: bigint | undefined
  readonly afterId: bigint | undefined
  readonly fromId: bigint | undefined
  readonly toId: bigint | undefined
  /** Words to search for. */
  readonly words: readonly string[] | undefined
  readonly ids: readonly bigint[] | undefined
  /** Bounds of the page. */
  readonly before: bigint | undefined
  readonly after: bigint | undefined
}

/** Throws `item-not-found` for an id that is not in the archive and `policy-violation` for a query that wants too much. */
export async function lookUp(store: ArchiveStore, owner: Jid, query: ArchiveQuery, limits: PageLimits): Promise<Page> {
  const asked = read(query)
  const number = await store.numberOf(owner)
  if (number === undefined) {
    if (named(asked).length > 0) throw notFound()
    return { rows: [], complete: true, ...(limits.enforce_simple_queries || query.simple ? {} : { count: 0 }) }
  }
  await requireNamed(store, number, asked)
  return new Search(store, number, asked, limits).page()
}

/** One look into an archive. */
class Search {
  readonly #store: ArchiveStore
  readonly #owner: number
  readonly #asked: Asked
  readonly #limits: PageLimits
  /** What the query finds without paging. */
  readonly #found: Condition
  /** The rows among which words are searched. */
  readonly #among: Condition
  readonly #filtered: boolean
  readonly #from: 'oldest' | 'newest'

  constructor(store: ArchiveStore, owner: number, asked: Asked, limits: PageLimits) {
    this.#store = store
    this.#owner = owner
    this.#asked = asked
    this.#limits = limits
    const everything = archive(owner)
    const wanted = wantedBy(asked)
    this.#among = narrow(everything, wanted)
    this.#found = narrow(this.#among, { words: asked.words })
    this.#filtered = Object.values(wanted).some((value) => value !== undefined) || asked.words !== undefined
    // XEP-0059 §2.3: a page before something ends there; an empty <before/> is the end of everything
    this.#from = asked.query.rsm?.before === undefined ? 'oldest' : 'newest'
  }

  async page(): Promise<Page> {
    const { query } = this.#asked
    const limit = Math.min(this.#limits.max_result_limit, query.rsm?.max ?? this.#limits.default_result_limit)
    // One more than wanted tells whether there is more.
    const { rows, whole } = await this.#read(limit + 1)
    const complete = whole && rows.length <= limit
    if (rows.length > limit) rows.splice(this.#from === 'newest' ? 0 : limit, 1)
    if (this.#limits.enforce_simple_queries || query.simple || !(await this.#isCounted())) return { rows, complete }
    await this.#requireLimit(rows, complete)
    const count = await this.#count()
    return { rows, complete, count, index: await this.#index(rows, count) }
  }

  async #read(limit: number): Promise<{ rows: Row[]; whole: boolean }> {
    const { query, before, after, words } = this.#asked
    const { db } = this.#store
    const offset = this.#from === 'newest' ? 0 : (query.rsm?.index ?? 0)
    if (offset > COUNTED || (offset > 0 && words !== undefined))
      throw new StanzaError('cancel', 'feature-not-implemented', 'The index is too great.')
    const page = { before, after }
    if (words !== undefined) return searchRows(db, narrow(this.#among, page), words, this.#from, limit)
    return { rows: await readRows(db, narrow(this.#found, page), this.#from, limit, offset), whole: true }
  }

  /** What a search finds is counted when that is no more than a look at a few messages. */
  #isCounted(): boolean | Promise<boolean> {
    return this.#asked.words === undefined || isShort(this.#store.db, this.#among)
  }

  /** Reference §7.2: a client that names no limit must not take a first page for everything. */
  async #requireLimit(rows: readonly Row[], complete: boolean): Promise<void> {
    const [first] = rows
    const { query, before } = this.#asked
    if (query.rsm?.max !== undefined || first === undefined) return
    // Nothing comes after the last page, and nothing after a first one that is complete.
    if (this.#from === 'newest' ? before === undefined : complete) return
    const onwards = narrow(this.#found, { atLeast: first.id })
    const left = await countRows(this.#store.db, onwards, this.#limits.max_result_limit)
    if (left !== undefined) return
    throw new StanzaError('modify', 'policy-violation', 'Too many results: ask for a page with <max/>.')
  }

  /** The archive's counter knows the size of the whole; what a filter leaves is counted up to a limit. */
  #count(): Promise<number | undefined> {
    if (!this.#filtered) return sizeOf(this.#store.db, this.#owner)
    return countRows(this.#store.db, this.#found, COUNTED)
  }

  async #index(rows: readonly Row[], count: number | undefined): Promise<number | undefined> {
    const [first, last] = [rows[0], rows.at(-1)]
    if (first === undefined || last === undefined || count === undefined) return undefined
    const { query, before, after } = this.#asked
    if (this.#from === 'newest' && before === undefined) return Math.max(0, count - rows.length)
    if (this.#from === 'oldest' && after === undefined) return query.rsm?.index ?? 0
    const earlier = await countRows(this.#store.db, narrow(this.#found, { before: first.id }), COUNTED)
    if (earlier !== undefined) return earlier
    const later = await countRows(this.#store.db, narrow(this.#found, { after: last.id }), COUNTED)
    return later === undefined ? undefined : Math.max(0, count - later - rows.length)
  }
}

/** Reads the ids of a query. One that can be no id of an archive is in none. */
function read(query: ArchiveQuery): Asked {
  const id = (text: string | undefined): bigint | undefined => {
    if (text === undefined || text === '') return undefined
    const decoded = decodeId(text)
    if (decoded === undefined) throw notFound()
    return decoded
  }
  if ((query.ids?.length ?? 0) > MAX_IDS) throw new StanzaError('modify', 'policy-violation', 'Too many ids.')
  return {
    query,
    beforeId: id(query.beforeId),
    afterId: id(query.afterId),
    fromId: id(query.fromId),
    toId: id(query.toId),
    words: query.fullText === undefined ? undefined : searchWords(query.fullText),
    ids: query.ids?.map((text) => id(text) ?? 0n),
    before: id(query.rsm?.before),
    after: id(query.rsm?.after),
  }
}

function wantedBy({ query, beforeId, afterId, fromId, toId, ids }: Asked) {
  return {
    with: query.with,
    atLeast: greatest(query.start === undefined ? undefined : leastIdAt(query.start), fromId),
    atMost: least(query.end === undefined ? undefined : greatestIdAt(query.end), toId),
    before: beforeId,
    after: afterId,
    ids,
    groupchat: query.includeGroupchat === false ? false : undefined,
  }
}

const greatest = (a: bigint | undefined, b: bigint | undefined) =>
  a !== undefined && (b === undefined || a > b) ? a : b
const least = (a: bigint | undefined, b: bigint | undefined) => (a !== undefined && (b === undefined || a < b) ? a : b)

/** The messages that a query names. */
function named({ beforeId, afterId, fromId, toId, ids = [], before, after }: Asked): bigint[] {
  return [...new Set([beforeId, afterId, fromId, toId, before, after, ...ids])].filter((id) => id !== undefined)
}

/** XEP-0313 §4.1.3 and §4.3.1: every message that is named must be in the archive. */
async function requireNamed(store: ArchiveStore, owner: number, asked: Asked): Promise<void> {
  const ids = named(asked)
  if (ids.length === 0) return
  const found = await countRows(store.db, narrow(archive(owner), { ids }), ids.length)
  if (found !== ids.length) throw notFound()
}

const notFound = (): StanzaError =>
  new StanzaError('cancel', 'item-not-found', 'Message with specified ID is not found')
