/** What users do to their privacy lists (XEP-0016 §2.4 to §2.8, XEP-0191 §3), each with all that follows. */
import { randomBytes } from 'node:crypto'
import {
  Iq,
  type Jid,
  type PrivacyItem,
  PrivacyQuery,
  StanzaError,
  buildPrivacyList,
  parseJid,
} from '@meerkat/protocol'
import { type Counter, type Host, type Session, type SessionEntry, contactsOf } from '../../core/module.ts'
import type { BlockApi } from './api.ts'
import { ACTIVE, activeOf, ruling } from './guard.ts'
import { type PrivacyLists, type UserLists, itemsOf } from './lists.ts'
import { Rules, isBlock } from './rules.ts'
import { type Turn, Visibility } from './visibility.ts'

/** The list that blocking makes when there is no default list yet; MongooseIM's name. */
const BLOCKING = 'blocking'

/** Marks a session that has asked about lists, and so wants to hear what the blocking command makes of them. */
export const ASKED = 'privacy lists'

/** What the settings say. */
export interface KeeperSettings {
  readonly max_lists: number
  readonly max_items: number
}

export class Keeper implements BlockApi {
  readonly #host: Host
  readonly #lists: PrivacyLists
  readonly #settings: KeeperSettings
  readonly #visibility: Visibility
  readonly #pushed: Counter

  constructor(host: Host, lists: PrivacyLists, settings: KeeperSettings) {
    this.#host = host
    this.#lists = lists
    this.#settings = settings
    this.#visibility = new Visibility(host)
    this.#pushed = host.metrics.counter('mod_privacy_push_item')
  }

  /** XEP-0016 §2.4: a session uses another list, or none of its own. */
  async activate(session: Session, name: string | undefined): Promise<void> {
    const lists = await this.#lists.of(session.jid)
    if (name !== undefined) require(lists, name)
    const entry = this.#host.directory.find(session.jid)
    if (entry === undefined) return
    const after = name === undefined ? ruling(lists) : lists.lists.get(name)
    const turns = [{ session: entry, before: ruling(lists, entry), after }]
    await this.#visibility.hide(turns)
    await this.#mark(session, activeOf(entry), name)
    await this.#visibility.show(turns)
  }

  /** XEP-0016 §2.5: another default list, or none. */
  async choose(user: Jid, name: string | undefined, by: Session | undefined): Promise<void> {
    await this.#change(user, (before) => {
      if (name !== undefined) require(before, name)
      if (name === before.standard) return before
      if (before.standard !== undefined && this.#isUsed(user, before, before.standard, by)) throw conflict()
      return { ...before, standard: name }
    })
  }

  /** XEP-0016 §2.6 and §2.7: a new list, or other items. */
  async edit(user: Jid, name: string, items: readonly PrivacyItem[]): Promise<void> {
    await this.#requireGroups(user, items)
    await this.#change(user, (before) => this.#with(before, name, items))
    this.#push(user, name)
  }

  /** XEP-0016 §2.8: a list goes. */
  async remove(user: Jid, name: string, by: Session | undefined): Promise<void> {
    await this.#change(user, (before) => {
      require(before, name)
      if (this.#isUsed(user, before, name, by)) throw conflict()
      return without(before, name)
    })
    if (by !== undefined) await this.#mark(by, name, undefined)
    this.#push(user, name)
  }

  async blocked(user: Jid): Promise<Jid[]> {
    const items = ruling(await this.#lists.of(user))?.items ?? []
    return items.filter(isBlock).map(({ value }) => parseJid(value))
  }

  async block(user: Jid, jids: readonly Jid[]): Promise<void> {
    const wanted = jids.map(String)
    await this.#changeBlocks(user, (items) => {
      const known = new Set(items.filter(isBlock).map(({ value }) => value))
      const added = wanted.filter((value) => !known.has(value)).map(blocking)
      return added.length === 0
        ? items
        : [...items.filter(isBlock), ...added, ...items.filter((item) => !isBlock(item))]
    })
  }

  async unblock(user: Jid, jids: readonly Jid[] | undefined): Promise<void> {
    const values = jids && new Set(jids.map(String))
    await this.#changeBlocks(user, (items) => {
      const kept = items.filter((item) => !isBlock(item) || values?.has(item.value) === false)
      return kept.length === items.length ? items : kept
    })
  }

  /** Changes the default list, with its blocks before everything else (XEP-0191 §5). */
  async #changeBlocks(user: Jid, step: (items: readonly PrivacyItem[]) => readonly PrivacyItem[]): Promise<void> {
    let changed: string | undefined
    await this.#change(user, (before) => {
      const name = before.standard ?? BLOCKING
      const items = before.standard === undefined ? [] : before.lists.get(name)!.items
      const after = step(items)
      if (after === items) return before
      changed = name
      if (after.length === 0) return without(before, name)
      return { ...this.#with(before, name, after.map(numbered)), standard: name }
    })
    if (changed !== undefined) this.#push(user, changed, ({ marks }) => marks.includes(ASKED))
  }

  /** Replaces the mark of the active list; resolves when all nodes know. */
  async #mark(session: Session, before: string | undefined, after: string | undefined): Promise<void> {
    const { directory } = this.#host
    if (before !== undefined) directory.mark(session, `${ACTIVE}${before}`, false)
    if (after !== undefined) directory.mark(session, `${ACTIVE}${after}`, true)
    await directory.spreading
  }

  /** Whether a list applies to a session other than `by`. */
  #isUsed(user: Jid, lists: UserLists, name: string, by: Session | undefined): boolean {
    const others = this.#host.directory.of(user).filter(({ local }) => local === undefined || local !== by)
    return others.some((session) => (activeOf(session) ?? lists.standard) === name)
  }

  #with(before: UserLists, name: string, items: readonly PrivacyItem[]): UserLists {
    const after = { ...before, lists: new Map(before.lists).set(name, new Rules(items)) }
    if (after.lists.size > this.#settings.max_lists) throw full('There are too many lists.')
    if (itemsOf(after) > this.#settings.max_items) throw full('The lists have too many items.')
    return after
  }

  /** XEP-0016 §2.1: a group that is none of the roster's. */
  async #requireGroups(user: Jid, items: readonly PrivacyItem[]): Promise<void> {
    const wanted = new Set(items.filter(({ type }) => type === 'group').map(({ value }) => value))
    if (wanted.size === 0) return
    for (const { groups } of (await this.#host.hooks.first(contactsOf, user))?.all() ?? [])
      for (const group of groups) wanted.delete(group)
    if (wanted.size > 0) throw new StanzaError('cancel', 'item-not-found', 'A group is not in the roster.')
  }

  async #change(user: Jid, step: (before: UserLists) => UserLists): Promise<void> {
    const turnsOf = (before: UserLists, after: UserLists): Turn[] =>
      this.#host.directory
        .of(user)
        .map((session) => ({ session, before: ruling(before, session), after: ruling(after, session) }))
    const stored = (before: UserLists, after: UserLists) => this.#visibility.hide(turnsOf(before, after))
    const { before, after } = await this.#lists.change(user, step, stored)
    if (after !== before) await this.#visibility.show(turnsOf(before, after))
  }

  /** XEP-0016 §2.2 rule 10. */
  #push(user: Jid, name: string, wanted: (session: SessionEntry) => boolean = () => true): void {
    for (const session of this.#host.directory.of(user)) {
      if (!wanted(session)) continue
      this.#pushed.value++
      const id = `push${randomBytes(6).toString('base64url')}`
      const push = Iq({ type: 'set', id, to: session.jid }, PrivacyQuery({}, buildPrivacyList(name)))
      this.#host.deliver(session, push)
    }
  }
}

const numbered = ({ type, value, action, kinds }: PrivacyItem, order: number): PrivacyItem => {
  return { type, value, action, kinds, order }
}

const blocking = (value: string): PrivacyItem => ({ type: 'jid', value, action: 'deny', order: 0, kinds: [] })

function without({ standard, lists }: UserLists, name: string): UserLists {
  const left = new Map(lists)
  left.delete(name)
  return { standard: standard === name ? undefined : standard, lists: left }
}

function require({ lists }: UserLists, name: string): void {
  if (!lists.has(name)) throw new StanzaError('cancel', 'item-not-found')
}

const conflict = (): StanzaError => new StanzaError('cancel', 'conflict', 'Another session uses the list.')

const full = (why: string): StanzaError => new StanzaError('wait', 'resource-constraint', why)
