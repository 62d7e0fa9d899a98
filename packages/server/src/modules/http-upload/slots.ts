/** What is known of each slot, and of the file in it: rows of the generic stores. The bytes are elsewhere. */
import type { Host, KeyValue, KeyedSet, StoredLog, Write } from '../../core/module.ts'

/** A slot, and the file in it once that is there. Times are in milliseconds since 1970. */
export interface Slot {
  /** The bare JID of the uploader, or a domain. */
  readonly owner: string
  readonly size: number
  /** Undefined when the uploader did not say. */
  readonly type?: string | undefined
  readonly name: string
  /** The hash of what an upload must know. */
  readonly token: string
  /** When it was given away. */
  readonly at: number
  /** Until when an upload may begin. */
  readonly until: number
  /** The file is there. */
  readonly kept?: boolean
}

/** A slot, as it counts for its owner. */
export interface Counted {
  readonly size: number
  readonly at: number
  /** Undefined once the file is there. */
  readonly until?: number | undefined
}

/** A line of a list of slots: their ids, in the order in which they were given away. */
interface Listed {
  readonly id: number
  readonly value: string
  readonly at: number
}

const PAGE = 1000
const GONE = new Error('the slot has gone')

/** The slots of a host type. */
export class SlotStore {
  readonly #host: Host
  /** By id and domain. */
  readonly #slots: KeyValue
  /** By owner and id. */
  readonly #owned: KeyedSet
  /** Ids by domain: given away; with a file; to be removed from the medium. */
  readonly #open: StoredLog
  readonly #kept: StoredLog
  readonly #trash: StoredLog

  constructor(host: Host) {
    const { stores } = host
    this.#host = host
    this.#slots = stores.keyValue('http_upload')
    this.#owned = stores.keyedSet('http_upload_owned')
    this.#open = stores.log('http_upload_open')
    this.#kept = stores.log('http_upload_kept')
    this.#trash = stores.log('http_upload_trash')
  }

  async find(domain: string, id: string): Promise<Slot | undefined> {
    const found = await this.#slots.get(keyOf(domain, id))
    return found === undefined ? undefined : (JSON.parse(found) as Slot)
  }

  /** What counts for an owner, by id. */
  async of(owner: string): Promise<Map<string, Counted>> {
    const found = await this.#owned.all(owner)
    return new Map(Array.from(found, ([id, value]) => [id, JSON.parse(value) as Counted]))
  }

  /** Enters a slot; the unit is refused with `refused` when the owner has so many. */
  async add(id: string, slot: Slot, quota: { readonly limit: number; readonly refused: Error }): Promise<void> {
    const { owner, size, at, until } = slot
    const domain = domainOf(owner)
    await this.#host.commit(
      this.#owned.put(owner, id, JSON.stringify({ size, at, until } satisfies Counted), quota),
      this.#slots.put(keyOf(domain, id), JSON.stringify(slot)),
      this.#open.append(domain, id, { at: at * 1000 }),
    )
  }

  /** Notes that the file is there; false when the slot has gone. */
  async keep(domain: string, id: string, slot: Slot): Promise<boolean> {
    const { owner, size, at } = slot
    try {
      await this.#host.commit(
        // Whoever removes the slot at the same time wins.
        { ...this.#owned.remove(owner, id), orElse: GONE },
        this.#owned.put(owner, id, JSON.stringify({ size, at } satisfies Counted)),
        this.#slots.put(keyOf(domain, id), JSON.stringify({ ...slot, kept: true })),
        this.#kept.append(domain, id, { at: at * 1000 }),
      )
      return true
    } catch (error) {
      if (error === GONE) return false
      throw error
    }
  }

  /** Removes slots, and lists their files for removal. */
  async drop(domain: string, slots: readonly (readonly [id: string, owner: string])[]): Promise<void> {
    if (slots.length > 0) await this.#host.commit(...this.#dropping(domain, slots))
  }

  /** What goes with an account; the files of it are listed for removal, so that they go even when the server dies. */
  async dropOwner(owner: string, committed: () => void): Promise<Write[]> {
    const ids = [...(await this.#owned.all(owner)).keys()]
    const writes = this.#dropping(
      domainOf(owner),
      ids.map((id) => [id, owner]),
    )
    return [...writes, { ...this.#owned.clear(owner), committed }]
  }

  /** Slots given away before `at` that got no file in time are dropped; those with a file are on another list already. */
  async sweepOpen(domain: string, at: number): Promise<void> {
    await this.#sweep(this.#open, domain, at, ({ kept, until }) =>
      kept === true ? 'off' : until < at ? 'drop' : 'stay',
    )
  }

  /** Files of slots given away before `at` are dropped. */
  async sweepKept(domain: string, at: number): Promise<void> {
    await this.#sweep(this.#kept, domain, at, () => 'drop')
  }

  /** Removes the files that are listed for that. */
  async emptyTrash(domain: string, remove: (ids: readonly string[]) => Promise<void>): Promise<void> {
    for (;;) {
      const listed = await this.#trash.read(domain, { limit: PAGE })
      if (listed.length === 0) return
      await remove(listed.map(({ value }) => value))
      await this.#host.commit(
        this.#trash.remove(
          domain,
          listed.map(({ id }) => id),
        ),
      )
    }
  }

  #dropping(domain: string, slots: readonly (readonly [id: string, owner: string])[]): Write[] {
    return slots.flatMap(([id, owner]) => [
      this.#slots.remove(keyOf(domain, id)),
      this.#owned.remove(owner, id),
      this.#trash.append(domain, id),
    ])
  }

  async #sweep(
    list: StoredLog,
    domain: string,
    before: number,
    fate: (slot: Slot) => 'drop' | 'off' | 'stay',
  ): Promise<void> {
    let after: Listed | undefined
    for (;;) {
      const page = await list.read(domain, { limit: PAGE, ...(after && { after }) })
      const old = page.filter(({ at }) => at < before * 1000)
      const done: number[] = []
      const dropped: [string, string][] = []
      for (const { id, value } of old) {
        const slot = await this.find(domain, value)
        const what = slot === undefined ? 'off' : fate(slot)
        if (what !== 'stay') done.push(id)
        if (what === 'drop') dropped.push([value, slot!.owner])
      }
      if (done.length > 0) await this.#host.commit(...this.#dropping(domain, dropped), list.remove(domain, done))
      if (old.length < PAGE) return
      after = old.at(-1)
    }
  }
}

const keyOf = (domain: string, id: string): string => `${id}@${domain}`

/** The domain of a bare JID, or the domain itself. */
export const domainOf = (owner: string): string => owner.slice(owner.lastIndexOf('@') + 1)
