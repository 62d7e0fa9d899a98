import { createHash } from 'node:crypto'
import { type Jid, parseJid } from '@meerkat/protocol'
import type { Contacts } from '../../core/module.ts'
import { type Item, decodeItem, encodeItem } from './item.ts'

/** One user's roster in memory, by the contacts' bare JIDs. */
export class Roster implements Contacts {
  readonly #items: Map<string, Item>
  #version: string | undefined

  /** Takes what the store has of the user. */
  constructor(stored: ReadonlyMap<string, string>) {
    this.#items = new Map(Array.from(stored, ([key, text]) => [key, decodeItem(parseJid(key), text)]))
  }

  /** The item of a contact (a bare JID), shown to the user or not. */
  get(contact: Jid): Item | undefined {
    return this.#items.get(contact.toString())
  }

  /** Everyone that the server knows of. */
  all(): Iterable<Item> {
    return this.#items.values()
  }

  /** What the user's clients see. */
  listed(): Item[] {
    return [...this.#items.values()].filter((item) => item.listed)
  }

  /** How many contacts the user sees. */
  get size(): number {
    let count = 0
    for (const item of this.#items.values()) if (item.listed) count++
    return count
  }

  /** How many requests wait for the user. */
  get requests(): number {
    let count = 0
    for (const item of this.#items.values()) if (item.request !== undefined) count++
    return count
  }

  /** How many items take up memory. */
  get weight(): number {
    return this.#items.size
  }

  /** Replaces the item of a contact; undefined removes it. */
  set(contact: Jid, item: Item | undefined): void {
    this.#version = undefined
    if (item === undefined) this.#items.delete(contact.toString())
    else this.#items.set(contact.toString(), item)
  }

  /** RFC 6121 §2.6: a text that differs whenever what the user's clients see differs. */
  get version(): string {
    return (this.#version ??= digest(this.listed()))
  }
}

/** Independent of the order in which the contacts came. */
function digest(items: readonly Item[]): string {
  const lines = items.map((item) => `${item.jid}\n${encodeItem({ ...item, request: undefined })}\n`).toSorted()
  return createHash('sha256').update(lines.join('')).digest('base64url').slice(0, 22)
}
