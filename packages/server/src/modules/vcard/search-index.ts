/**
 * Finding users by the fields of their vCards: an index in a generic store. For each domain it holds a key for each value of each field, so
 * that a search reads a range of keys and then the fields of those users only.
 */
import type { Host, KeyedSet, Write } from '../../core/module.ts'
import { type FieldValues, folded } from './fields.ts'

/** Stands between the parts of a key; XML has no such character. */
const SEPARATOR = '\u0001'
/** How much of a value stands in a key: keys of databases are short. */
const KEY_LENGTH = 60
/** How many keys are read at a time, and how many a search reads at most. */
const PAGE = 1000
const MOST_READ = 5000

/** A value that is searched for. */
interface Term {
  readonly name: string
  /** Folded. */
  readonly value: string
  /** Whether values that begin with it are meant too. */
  readonly open: boolean
}

/** A user who was found. */
export interface Found {
  readonly user: string
  readonly domain: string
  readonly fields: FieldValues
}

/** The names of the stores. */
export const INDEX = { keys: 'vcard_index', fields: 'vcard_fields' } as const

export class SearchIndex {
  readonly #keys: KeyedSet
  readonly #fields: KeyedSet

  constructor({ stores }: Pick<Host, 'stores'>) {
    this.#keys = stores.keyedSet(INDEX.keys)
    this.#fields = stores.keyedSet(INDEX.fields)
  }

  /** What makes the index know these fields of a user instead of the present ones; `undefined` for none any more. */
  async change(user: string, domain: string, fields: FieldValues | undefined): Promise<Write[]> {
    const before = keysOf(user, await this.#read(user, domain))
    const after = keysOf(user, fields)
    const record = fields && JSON.stringify([...fields])
    return [
      ...[...before].filter((key) => !after.has(key)).map((key) => this.#keys.remove(domain, key)),
      ...[...after].filter((key) => !before.has(key)).map((key) => this.#keys.put(domain, key, '')),
      record === undefined ? this.#fields.remove(domain, user) : this.#fields.put(domain, user, record),
    ]
  }

  /** The users of a domain for whom all given values hold, at most `limit`. A `*` at the end of a value stands for anything. */
  async find(domain: string, wanted: ReadonlyMap<string, string>, limit: number): Promise<Found[]> {
    const terms = Array.from(wanted, ([name, value]) => termOf(name, value))
    const [first] = terms.toSorted((one, other) => other.value.length - one.value.length)
    if (first === undefined) return []
    const found = new Map<string, Found>()
    let after = prefixOf(first)
    for (let read = 0; read < MOST_READ && found.size < limit;) {
      const page = await this.#range(domain, prefixOf(first), after)
      for (const user of page.map(userOf)) {
        if (found.size >= limit || found.has(user)) continue
        const fields = await this.#read(user, domain)
        if (fields !== undefined && terms.every((term) => holds(term, fields)))
          found.set(user, { user, domain, fields })
      }
      if (page.length < PAGE) break
      read += page.length
      after = page.at(-1)!
    }
    return [...found.values()]
  }

  /** The next keys behind `after` that begin with `prefix`. */
  async #range(domain: string, prefix: string, after: string): Promise<string[]> {
    const keys = [...(await this.#keys.page(domain, { limit: PAGE, after })).keys()]
    return keys.filter((key) => key.startsWith(prefix))
  }

  async #read(user: string, domain: string): Promise<FieldValues | undefined> {
    return readFields(await this.#fields.get(domain, user))
  }
}

const cut = (value: string): string =>
  Array.from(value.slice(0, KEY_LENGTH * 2))
    .slice(0, KEY_LENGTH)
    .join('')

/** The fields of a record of the index. */
export const readFields = (record: string | undefined): FieldValues | undefined =>
  record === undefined ? undefined : new Map(JSON.parse(record) as [string, string][])

/** The keys under which the index has a user. */
export function keysOf(user: string, fields: FieldValues | undefined): Set<string> {
  return new Set(Array.from(fields ?? [], ([name, value]) => [name, cut(folded(value)), user].join(SEPARATOR)))
}

const userOf = (key: string): string => key.slice(key.lastIndexOf(SEPARATOR) + 1)

function termOf(name: string, value: string): Term {
  const open = value.endsWith('*')
  return { name, value: folded(open ? value.slice(0, -1) : value), open }
}

/** What the keys of a term's users begin with. */
function prefixOf({ name, value, open }: Term): string {
  return open ? `${name}${SEPARATOR}${cut(value)}` : `${name}${SEPARATOR}${cut(value)}${SEPARATOR}`
}

function holds({ name, value, open }: Term, fields: FieldValues): boolean {
  const present = folded(fields.get(name) ?? '')
  return open ? present !== '' && present.startsWith(value) : present === value
}
