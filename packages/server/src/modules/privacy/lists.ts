/** The privacy lists of all users: kept in the store, those of recently seen users in memory. */
import type { Jid, PrivacyItem } from '@meerkat/protocol'
import type { Host, KeyedSet, Word, Write } from '../../core/module.ts'
import { Rules } from './rules.ts'

/** What a user has; immutable. */
export interface UserLists {
  /** The name of the default list; it is among `lists`. */
  readonly standard: string | undefined
  readonly lists: ReadonlyMap<string, Rules>
}

/** What most users have. It is one object, so that one comparison tells that nothing is to be done. */
export const NONE: UserLists = { standard: undefined, lists: new Map() }

/** The store's key of the default list's name; lists have keys that begin otherwise. */
export const DEFAULT_LIST = 'default'
const LIST = 'list '
/** The store's key of a list. */
export const keyOfList = (name: string): string => LIST + name

/** Tells other nodes that a user's lists are others now. */
const CHANGED = 'mod_privacy changed'

type Known = UserLists | Promise<UserLists>

export class PrivacyLists {
  readonly #host: Host
  readonly #store: KeyedSet
  readonly #limit: number
  /** Two generations: when the young one is full it becomes the old one, and who was not asked for since goes with the old one before it. */
  #young = new Map<string, Known>()
  #old = new Map<string, Known>()
  #weight = 0
  /** The last change of each user that is under way. */
  readonly #turns = new Map<string, Promise<unknown>>()

  /** Keeps in memory as many users as have `limit` items together; one without lists counts as one item. */
  constructor(host: Host, limit: number) {
    this.#host = host
    this.#store = host.stores.keyedSet('privacy')
    this.#limit = Math.max(1, limit / 2)
  }

  /** A user's lists (any JID of the user); at once when they are in memory. */
  of(user: Jid): Known {
    const key = user.bare.toString()
    return this.#young.get(key) ?? this.#older(key)
  }

  #older(key: string): Known {
    const known = this.#old.get(key) ?? this.#load(key)
    this.#remember(key, known)
    return known
  }

  /** Another node has changed somebody's lists. */
  heard({ topic, data }: Word): undefined {
    if (topic === CHANGED) this.#forget(data)
  }

  #forget(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  #remember(key: string, known: Known): void {
    this.#weight += known instanceof Promise ? 1 : weightOf(known)
    if (this.#weight > this.#limit) {
      this.#old = this.#young
      this.#young = new Map()
      this.#weight = known instanceof Promise ? 1 : weightOf(known)
    }
    this.#young.set(key, known)
  }

  #load(key: string): Promise<UserLists> {
    const loading = this.#store.all(key).then(
      (stored) => {
        const lists = decode(stored)
        // A change that was faster has put newer lists there.
        if (this.#young.get(key) === loading || this.#old.get(key) === loading) this.#remember(key, lists)
        return lists
      },
      (error: unknown) => {
        for (const generation of [this.#young, this.#old]) if (generation.get(key) === loading) generation.delete(key)
        throw error
      },
    )
    return loading
  }

  /**
   * Changes a user's lists. Changes of one user take their turns, so `step` sees what all earlier ones left; it returns the same object for no
   * change, or throws to refuse. `stored` runs when the change is durable and does not apply yet.
   */
  change(
    user: Jid,
    step: (before: UserLists) => UserLists | Promise<UserLists>,
    stored: (before: UserLists, after: UserLists) => Promise<void>,
  ): Promise<{ before: UserLists; after: UserLists }> {
    const key = user.bare.toString()
    const change = async (): Promise<{ before: UserLists; after: UserLists }> => {
      const before = await this.of(user)
      const after = await step(before)
      if (after !== before) {
        await this.#host.commit(...this.#writes(key, before, after))
        try {
          await stored(before, after)
        } finally {
          this.#remember(key, after.lists.size === 0 ? NONE : after)
          await this.#host.nodes.tell(CHANGED, key)
        }
      }
      return { before, after }
    }
    // What is in memory was read after the last change at another node: that has told this one before it gave up its turn.
    const exclusive = () => this.#host.nodes.exclusively(`privacy ${key}`, change)
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(exclusive)
    const over = turn
      .catch(() => undefined)
      .then(() => {
        if (this.#turns.get(key) === over) this.#turns.delete(key)
      })
    this.#turns.set(key, over)
    return turn
  }

  #writes(key: string, before: UserLists, after: UserLists): Write[] {
    const writes: Write[] = []
    for (const name of before.lists.keys())
      if (!after.lists.has(name)) writes.push(this.#store.remove(key, keyOfList(name)))
    for (const [name, rules] of after.lists)
      if (before.lists.get(name) !== rules) writes.push(this.#store.put(key, keyOfList(name), encodeItems(rules.items)))
    if (before.standard === after.standard) return writes
    if (after.standard === undefined) return [...writes, this.#store.remove(key, DEFAULT_LIST)]
    return [...writes, this.#store.put(key, DEFAULT_LIST, after.standard)]
  }

  /** Removes all that the user has. */
  clear(user: Jid): Write {
    const key = user.bare.toString()
    const forget = (): void => {
      this.#forget(key)
      void this.#host.nodes.tell(CHANGED, key)
    }
    return { ...this.#store.clear(key), committed: forget }
  }
}

const weightOf = (lists: UserLists): number => 1 + itemsOf(lists)

/** How many items a user has in all lists. */
export function itemsOf({ lists }: UserLists): number {
  let count = 0
  for (const { items } of lists.values()) count += items.length
  return count
}

/** The item in the store, as short as it can be: `[order, action, kinds, type, value]`. */
type Stored = readonly [
  order: number,
  action: PrivacyItem['action'],
  kinds: PrivacyItem['kinds'],
  type?: 'jid' | 'group' | 'subscription',
  value?: string,
]

/** A list as it is stored; its items stand in their order. */
export function encodeItems(items: readonly PrivacyItem[]): string {
  const rows = items.map(({ order, action, kinds, type, value }): Stored =>
    type === undefined ? [order, action, kinds] : [order, action, kinds, type, value],
  )
  return JSON.stringify(rows)
}

function decode(stored: ReadonlyMap<string, string>): UserLists {
  if (stored.size === 0) return NONE
  const lists = new Map<string, Rules>()
  for (const [key, value] of stored) {
    if (!key.startsWith(LIST)) continue
    const items = (JSON.parse(value) as Stored[]).map(([order, action, kinds, type, text = '']) => {
      return { order, action, kinds, type, value: text }
    })
    lists.set(key.slice(LIST.length), new Rules(items))
  }
  return { standard: stored.get(DEFAULT_LIST), lists }
}
