/** The last activity of users, by domain and name. Logouts are written together: however many there are at a time, one unit is under way. */
import type { Jid } from '@meerkat/protocol'
import type { Host, KeyedSet, Write } from '../../core/module.ts'
import type { LastActivity, LastSeen } from './api.ts'

/** How many logouts go into a unit, and how many users are read at a time. */
const TOGETHER = 1000

interface Logout {
  readonly user: Jid
  readonly seen: LastSeen
}

export class LastRecords implements LastActivity {
  readonly #host: Host
  readonly #store: KeyedSet
  /** Logouts that are not stored yet, by bare JID: the last one of each user counts. */
  readonly #unwritten = new Map<string, Logout>()
  #writing: Promise<void> | undefined

  constructor(host: Host) {
    this.#host = host
    this.#store = host.stores.keyedSet('last')
  }

  async of(user: Jid): Promise<LastSeen | undefined> {
    const logout = this.#unwritten.get(user.toString())
    if (logout !== undefined) return logout.seen
    const value = await this.#store.get(user.domain, user.local)
    return value === undefined ? undefined : (JSON.parse(value) as LastSeen)
  }

  async set(user: Jid, seen: LastSeen): Promise<void> {
    this.#unwritten.delete(user.toString())
    await this.#host.commit(this.#write({ user, seen }))
  }

  async *at(domain: string): AsyncIterable<ReadonlyMap<string, LastSeen>> {
    let after = ''
    for (;;) {
      const page = await this.#store.page(domain, { limit: TOGETHER, after })
      yield new Map(Array.from(page, ([name, value]) => [name, JSON.parse(value) as LastSeen]))
      if (page.size < TOGETHER) return
      after = [...page.keys()].at(-1)!
    }
  }

  /** Notes that a user (a bare JID) has left; nobody waits for it to be stored. */
  note(user: Jid, seen: LastSeen): void {
    this.#unwritten.set(user.toString(), { user, seen })
    this.#writing ??= this.#writeAll()
  }

  /** What removes a user's record. */
  remove(user: Jid): Write {
    this.#unwritten.delete(user.toString())
    return this.#store.remove(user.domain, user.local)
  }

  /** Resolves when all logouts noted are stored. */
  async flush(): Promise<void> {
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#unwritten.size > 0) await this.#writeSome()
    } finally {
      this.#writing = undefined
    }
  }

  async #writeSome(): Promise<void> {
    const logouts = [...this.#unwritten.values()].slice(0, TOGETHER)
    try {
      // The sessions of an account end when it is removed; nothing is kept of it then.
      const there = await Promise.all(logouts.map(async ({ user }) => this.#host.accounts.exists(user)))
      const kept = logouts.filter((logout, i) => there[i] && this.#isLast(logout))
      await this.#host.commit(...kept.map((logout) => this.#write(logout)))
    } catch (error) {
      this.#host.report('last_activity_failed', error)
    } finally {
      for (const logout of logouts) if (this.#isLast(logout)) this.#unwritten.delete(logout.user.toString())
    }
  }

  #isLast(logout: Logout): boolean {
    return this.#unwritten.get(logout.user.toString()) === logout
  }

  #write({ user, seen }: Logout): Write {
    return this.#store.put(user.domain, user.local, JSON.stringify(seen))
  }
}
