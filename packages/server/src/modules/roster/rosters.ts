import { LRUCache } from 'lru-cache'
import { type Jid } from '@meerkat/protocol'
import type { Host, KeyedSet, Word, Write } from '../../core/module.ts'
import { type Item, encodeItem } from './item.ts'
import { Roster } from './roster.ts'

/** An item before and after a change; undefined where there is none. */
export interface Change {
  readonly before: Item | undefined
  readonly after: Item | undefined
}

/** Tells other nodes that a user's roster is another one now. */
const CHANGED = 'mod_roster changed'
/** Holds the contacts of removed users until they have been told. */
export const FAREWELLS = 'roster_farewells'

/** The rosters of all users: kept in the store, the recently used ones in memory. */
export class Rosters {
  readonly #host: Host
  readonly #store: KeyedSet
  readonly #farewells: KeyedSet
  readonly #recent: LRUCache<string, Roster | Promise<Roster>>
  /** The last change of each user that is under way. */
  readonly #turns = new Map<string, Promise<unknown>>()

  /** Keeps as many rosters in memory as have `items` items together. */
  constructor(host: Host, items: number) {
    this.#host = host
    this.#store = host.stores.keyedSet('roster')
    this.#farewells = host.stores.keyedSet(FAREWELLS)
    const weigh = (roster: Roster | Promise<Roster>): number => (roster instanceof Roster ? 1 + roster.weight : 1)
    this.#recent = new LRUCache({ maxSize: Math.max(1, items), sizeCalculation: weigh })
  }

  /** A user's roster; at once when it is in memory. */
  of(user: Jid): Roster | Promise<Roster> {
    const key = user.bare.toString()
    return this.#recent.get(key) ?? this.#load(key)
  }

  /** A user will soon need the roster, which is asked for beside what else is, and not when the user waits for it. */
  foresee(user: Jid): void {
    const roster = this.of(user)
    // Whoever needs it asks again, and hears of what is wrong.
    if (roster instanceof Promise) roster.catch(() => undefined)
  }

  /** Another node has changed a roster. */
  heard({ topic, data }: Word): undefined {
    if (topic === CHANGED) this.#recent.delete(data)
  }

  #load(key: string): Promise<Roster> {
    const loading = this.#store.all(key).then(
      (stored) => {
        const roster = new Roster(stored)
        // A change that was faster has put a newer roster there.
        if (this.#recent.peek(key) === loading) this.#recent.set(key, roster)
        return roster
      },
      (error: unknown) => {
        if (this.#recent.peek(key) === loading) this.#recent.delete(key)
        throw error
      },
    )
    this.#recent.set(key, loading)
    return loading
  }

  /**
   * Changes one item. Changes of a user's roster take their turns, so `step` sees the item as all earlier ones left it; it returns the new
   * item, the same one for no change or undefined to remove it, or throws to refuse. Resolves when the change is durable.
   */
  change(user: Jid, contact: Jid, step: (item: Item | undefined, roster: Roster) => Item | undefined): Promise<Change> {
    const key = user.bare.toString()
    const change = async (): Promise<Change> => {
      const roster = await this.of(user)
      const before = roster.get(contact)
      const after = step(before, roster)
      if (after !== before) {
        await this.#host.commit(this.#write(key, contact, after))
        roster.set(contact, after)
        this.#recent.set(key, roster)
        await this.#host.nodes.tell(CHANGED, key)
      }
      return { before, after }
    }
    // What is in memory was read after the last change at another node: that has told this one before it gave up its turn.
    const exclusive = () => this.#host.nodes.exclusively(`roster ${key}`, change)
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(exclusive)
    const over = turn
      .catch(() => undefined)
      .then(() => {
        if (this.#turns.get(key) === over) this.#turns.delete(key)
      })
    this.#turns.set(key, over)
    return turn
  }

  #write(key: string, contact: Jid, item: Item | undefined): Write {
    const entry = contact.toString()
    return item === undefined ? this.#store.remove(key, entry) : this.#store.put(key, entry, encodeItem(item))
  }

  /** Removes all that the user has; `committed` is called when that is durable. */
  clear(user: Jid, committed: () => void): Write[] {
    const key = user.bare.toString()
    const forget = (): void => {
      this.#recent.delete(key)
      void this.#host.nodes.tell(CHANGED, key)
      committed()
    }
    // They are needed once more: for those who have to be told.
    return [this.#farewells.clear(key), { ...this.#store.move(key, FAREWELLS), committed: forget }]
  }

  /** The contacts of a removed user who may not have been told. */
  async untold(user: Jid): Promise<Item[]> {
    return [...new Roster(await this.#farewells.all(user.toString())).all()]
  }

  /** All contacts of a removed user have been told. */
  told(user: Jid): Promise<void> {
    return this.#host.commit(this.#farewells.clear(user.toString()))
  }
}
