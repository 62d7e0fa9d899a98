/**
 * Removes accounts and domains with all that is kept of them. The order to erase is a row that commits in the unit in which the account goes; it is
 * worked off in bounded units, goes on at the next start when the server dies, and until it is done nobody gets an account of that name (S42).
 */
import { type Jid, StreamError, makeJid, parseJid } from '@meerkat/protocol'
import { accountRemoved } from './accounts.ts'
import type { Write } from './database.ts'
import { notify } from './hooks.ts'
import type { Host } from './host.ts'
import type { Kernel } from './kernel.ts'
import { type Keeping, keptOtherwise, keptRows, keptValues, ofDomains } from './keeping.ts'
import type { KeyedSet } from './stores.ts'
import type { Timer } from './timers.ts'

/** Fired before what is kept of a removed account goes, again after a crash: for what others have to be told. The sessions have ended. */
export const accountErasing = notify<[user: Jid]>('account erasing')
/** Fired at every host type when nothing of a domain is in the main store any more: for what is in memory or elsewhere. */
export const domainRemoved = notify<[domain: string]>('domain removed')

/** Sessions of the account have ended by then, and their last words are kept. */
const SOON_SECONDS = 1
/** When what failed is tried again. */
const AGAIN_SECONDS = 60
/** How many accounts of a domain are read at a time. */
const ACCOUNTS = 100
const STORE = 'erasing'
/** All orders are in one place, so that they are found whatever is served. */
const OWNER = ''
/** Refuses a unit when another node has done the work: the name may be somebody else's by now. */
const STILL_ORDERED = `UPDATE store_entry SET content = content WHERE store = '${STORE}' AND owner = '${OWNER}' AND entry_key = ?`

/** What the server itself keeps, whatever its modules. */
export const KERNEL_KEEPS: readonly Keeping[] = [
  ofDomains(keptRows('users', ['server', 'username'], ({ domain }) => ({ where: 'server = ?', params: [domain] }))),
  ofDomains(keptValues('domain_admin')),
  keptOtherwise(`store_entry ${STORE}`, 'the orders themselves'),
  keptOtherwise('store_value clock', 'no users'),
  keptOtherwise('store_entry domains', 'which domains there are; that goes when nothing of one is left'),
  keptOtherwise('store_entry migration', 'where copying has got to'),
  keptOtherwise('store_entry installation', 'no users'),
  keptOtherwise('outbox', 'events are removed when the brokers have them, or by their age'),
  keptOtherwise('outbox_cursor', 'no users'),
  keptOtherwise('schema_version', 'no users'),
  keptOtherwise('last_transaction', 'no users'),
]

/** The eraser of one node. */
export class Eraser {
  readonly #kernel: Kernel
  readonly #ofModules: () => readonly Keeping[]
  readonly #orders: KeyedSet
  /** What is being erased here, by the name of the account or domain. */
  readonly #running = new Map<string, Promise<void>>()
  readonly #waiting = new Map<string, Timer>()
  #stopped = false
  /** The host type that has served a domain before: what it has in memory of its accounts has to go, too. */
  servedBefore: (domain: string) => Host | undefined = () => undefined

  /** `ofModules`: what modules keep, whether they run or not; asked for when it is needed, since it loads them all. */
  constructor(kernel: Kernel, ofModules: () => readonly Keeping[]) {
    this.#kernel = kernel
    this.#ofModules = ofModules
    this.#orders = kernel.stores.keyedSet(STORE)
  }

  /** Removes an account; false when there is none. What is kept of it is unreachable then, and goes soon. */
  async removeAccount(host: Host, user: Jid): Promise<boolean> {
    const writes = await host.hooks.fold(accountRemoved, [], user)
    if (!(await host.accounts.remove(user, [this.#order(user), ...writes]))) return false
    this.#later(user, SOON_SECONDS)
    return true
  }

  /** Removes all data of a domain: its accounts and all that is kept of them. Resolves when nothing is left. */
  async removeDomain(domain: string): Promise<void> {
    const subject = parseJid(domain)
    await this.#kernel.storage.commit([this.#order(subject)])
    await this.#run(subject)
  }

  /** Keeps the order to remove a domain, for a unit of who sees to it that it is worked off. */
  orderOf(domain: string): Write {
    return this.#order(parseJid(domain))
  }

  /** Orders what `removeDomain` does; resolves when the order is kept, which outlives a crash. */
  async orderDomain(domain: string): Promise<void> {
    const subject = parseJid(domain)
    await this.#kernel.storage.commit([this.#order(subject)])
    this.#later(subject, SOON_SECONDS)
  }

  /** Whether anything is kept of an account or a domain, or its removal has not ended. */
  async knows(subject: Jid): Promise<boolean> {
    if (await this.isOrdered(subject)) return true
    const { storage, stores } = this.#kernel
    for (const keeping of this.#keeps()) if ((await keeping.next(subject, storage, stores)).length > 0) return true
    return false
  }

  /** Whether an account or a domain is being removed. */
  async isOrdered(subject: Jid): Promise<boolean> {
    return (await this.#orders.get(OWNER, subject.toString())) !== undefined
  }

  /** The domains that are being removed. */
  async orderedDomains(): Promise<string[]> {
    const domains: string[] = []
    for (let page = await this.#page(); page.length > 0; page = await this.#page(page.at(-1)))
      domains.push(...page.filter((name) => parseJid(name).local === ''))
    return domains
  }

  /** Resolves when nothing of a removed account of this name, or of a removed domain, is left. */
  async finish(user: Jid): Promise<void> {
    for (const subject of [user.bare, parseJid(user.domain)]) await this.#runOrdered(subject)
  }

  /** Goes on with what was ordered before this process began. */
  async resume(): Promise<void> {
    for (let page = await this.#page(); page.length > 0; page = await this.#page(page.at(-1)))
      for (const name of page) this.#later(parseJid(name), SOON_SECONDS)
  }

  /** Ends behind the unit that is under way; the rest is for the next start. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#waiting.values()) timer.cancel()
    await Promise.allSettled(this.#running.values())
  }

  #keeps(): readonly Keeping[] {
    return [...this.#ofModules(), ...KERNEL_KEEPS]
  }

  async #page(after?: string): Promise<string[]> {
    return [...(await this.#orders.page(OWNER, after === undefined ? {} : { after })).keys()]
  }

  #order(subject: Jid): Write {
    return this.#orders.put(OWNER, subject.toString(), String(this.#kernel.clock.now()))
  }

  #later(subject: Jid, seconds: number): void {
    const key = subject.toString()
    if (this.#stopped || this.#waiting.has(key)) return
    const timer = this.#kernel.timers.after(seconds, () => {
      this.#waiting.delete(key)
      this.#runOrdered(subject).catch((error: unknown) => {
        this.#kernel.report('erasing_failed', error, { of: key })
        this.#later(subject, AGAIN_SECONDS)
      })
    })
    this.#waiting.set(key, timer)
  }

  /** Somebody may have finished it meanwhile, and the name may be in use again. */
  async #runOrdered(subject: Jid): Promise<void> {
    if (await this.isOrdered(subject)) await this.#run(subject)
  }

  #run(subject: Jid): Promise<void> {
    const key = subject.toString()
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const run = this.#erase(subject).finally(() => this.#running.delete(key))
    this.#running.set(key, run)
    return run
  }

  async #erase(subject: Jid): Promise<void> {
    if (subject.local === '') await this.#removeAccounts(subject.domain)
    await this.#endSessions(subject)
    if (subject.local !== '') await this.#kernel.hosts.of(subject.domain)?.hooks.notify(accountErasing, subject)
    // Once more when something was found: what was on its way may have come behind.
    while (await this.#pass(subject)) if (this.#stopped) return
    if (this.#stopped) return
    if (subject.local === '')
      for (const host of this.#kernel.hosts.types()) await host.hooks.notify(domainRemoved, subject.domain)
    await this.#kernel.storage.commit([this.#orders.remove(OWNER, subject.toString())])
    this.#kernel.log.info({ what: 'erased', of: subject.toString() }, 'nothing is kept any more')
  }

  /** Looks through everything once; whether something was found. */
  async #pass(subject: Jid): Promise<boolean> {
    const { storage, stores } = this.#kernel
    const key = subject.toString()
    const over = new Error(`${key} is erased already`)
    const isOrdered: Write = { sql: STILL_ORDERED, params: [key], orElse: over }
    let found = false
    for (const keeping of this.#keeps()) {
      let writes = await keeping.next(subject, storage, stores)
      while (writes.length > 0 && !this.#stopped) {
        found = true
        try {
          await storage.commit([isOrdered, ...writes])
        } catch (error) {
          if (error === over) return false
          throw error
        }
        writes = await keeping.next(subject, storage, stores)
      }
    }
    return found
  }

  /** One after another, as each one alone would be removed. */
  async #removeAccounts(domain: string): Promise<void> {
    const host = this.#kernel.hosts.of(domain) ?? this.servedBefore(domain)
    if (host === undefined) return
    for (const method of host.accounts.methods) {
      let names = await method.list(domain, { limit: ACCOUNTS })
      // Another node may have done it, and accounts may be those of a successor.
      while (names.length > 0 && !this.#stopped && (await this.isOrdered(parseJid(domain)))) {
        for (const name of names) {
          const user = makeJid(name, domain)
          await host.accounts.remove(user, await host.hooks.fold(accountRemoved, [], user))
        }
        names = await method.list(domain, { limit: ACCOUNTS })
      }
    }
  }

  async #endSessions({ local, domain }: Jid): Promise<void> {
    const { directory } = this.#kernel
    const entries = local === '' ? directory.all() : directory.of(makeJid(local, domain))
    const error = new StreamError('not-authorized', 'User removed')
    for (const entry of entries)
      if (entry.jid.domain === domain) await this.#kernel.endEntry(entry, 'User removed', error)
  }
}
