/**
 * Domains that come and go while the server runs (`service_domain_db`): the main store knows them, and host types of the configuration serve them.
 * A domain of the configuration goes before one of the same name here.
 */
import { StreamError, parseJid } from '@meerkat/protocol'
import type { Write } from './database.ts'
import type { Kernel } from './kernel.ts'
import type { KeyedSet } from './stores.ts'

/** Whether a domain is served, or what is kept of it is being removed. */
export type DomainStatus = 'enabled' | 'disabled' | 'deleting'

/** A domain as the store has it. */
export interface KeptDomain {
  readonly hostType: string
  readonly status: DomainStatus
}

/** Those of each server that can have some. */
const provided = new WeakMap<Kernel, Domains>()

/** The domains of this server that are not in its configuration; undefined where there can be none. */
export const domainsOf = (kernel: Kernel): Domains | undefined => provided.get(kernel)

/** Lets a server have domains that are not in its configuration, and serves those that are kept. */
export async function provideDomains(kernel: Kernel): Promise<Domains> {
  const domains = new Domains(kernel)
  provided.set(kernel, domains)
  await domains.sync()
  return domains
}

/** What a node says to others when the main store has other domains. */
export const DOMAINS_CHANGED = 'domains changed'

const STORE = 'domains'
/** All are in one place. */
const OWNER = ''
/** How many are read at a time. */
const PAGE = 1000
/** When a removal that failed is looked after again. */
const AGAIN_SECONDS = 60

export class Domains {
  readonly #kernel: Kernel
  readonly #store: KeyedSet
  #known: ReadonlyMap<string, KeptDomain> = new Map()
  readonly #served = new Set<string>()
  readonly #removing = new Map<string, Promise<void>>()
  /** The last change that is under way. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#store = kernel.stores.keyedSet(STORE)
    kernel.eraser.servedBefore = (domain) => kernel.hosts.type(this.#known.get(domain)?.hostType ?? '')
  }

  /** All of them, by name. */
  all(): ReadonlyMap<string, KeptDomain> {
    return this.#known
  }

  /** Whether a domain is served as one of these. */
  serves(domain: string): boolean {
    return this.#served.has(domain)
  }

  /** Keeps a domain, or changes what is kept of it; resolves when it is served accordingly, on all nodes. `along` commits with it. Rejects when one of its services is taken. */
  async put(domain: string, kept: KeptDomain, ...along: readonly Write[]): Promise<void> {
    await this.#inTurn(async () => {
      // Before it is kept: what cannot be served must not wait for the next start.
      await this.#apply(domain, kept)
      try {
        await this.#kernel.storage.commit([this.#store.put(OWNER, domain, JSON.stringify(kept)), ...along])
      } catch (error) {
        await this.#apply(domain, this.#known.get(domain) ?? { ...kept, status: 'disabled' })
        throw error
      }
      this.#known = new Map(this.#known).set(domain, kept)
    })
    // Behind the turn: another node may wait for this one in the same way.
    await this.#kernel.cluster?.askAll(DOMAINS_CHANGED)
  }

  /** Serves a domain no more, and removes all that is kept of it. Resolves when the order is kept; `done` resolves when nothing is left. */
  async remove(domain: string, hostType: string): Promise<{ readonly done: Promise<void> }> {
    await this.put(domain, { hostType, status: 'deleting' }, this.#kernel.eraser.orderOf(domain))
    const done = this.#finish(domain)
    done.catch((error: unknown) => this.#again(domain, error))
    return { done }
  }

  /** Looks what the store has, and serves that: at the start, and for changes of other nodes. */
  sync(): Promise<void> {
    return this.#inTurn(async () => {
      const found = await this.#read()
      for (const domain of this.#served) if (!found.has(domain)) await this.#withdraw(domain)
      this.#known = found
      for (const [domain, kept] of found) {
        await this.#apply(domain, kept).catch((error: unknown) =>
          this.#kernel.report('domain_not_served', error, { domain }),
        )
        if (kept.status === 'deleting') this.#goOn(domain)
      }
    })
  }

  async #read(): Promise<Map<string, KeptDomain>> {
    const found = new Map<string, KeptDomain>()
    for (let after = ''; ;) {
      const page = await this.#store.page(OWNER, { limit: PAGE, after })
      for (const [domain, text] of page) found.set(domain, JSON.parse(text) as KeptDomain)
      if (page.size < PAGE) return found
      after = [...page.keys()].at(-1)!
    }
  }

  async #apply(domain: string, { hostType, status }: KeptDomain): Promise<void> {
    const { hosts } = this.#kernel
    const host = hosts.type(hostType)
    if (status !== 'enabled' || host === undefined) return this.#withdraw(domain)
    // One of the configuration, or it is served already.
    if (hosts.of(domain) !== undefined) return
    hosts.addDomain(domain, host)
    this.#served.add(domain)
  }

  /** Ends its sessions, and serves it no more. */
  async #withdraw(domain: string): Promise<void> {
    if (!this.#served.delete(domain)) return
    const { directory, hosts } = this.#kernel
    const entries = [...directory.all()].filter(({ jid }) => jid.domain === domain)
    const ends = entries.map((entry) => this.#kernel.endEntry(entry, 'domain is gone', new StreamError('host-gone')))
    hosts.removeDomain(domain)
    // Those on other nodes.
    for (const end of ends) await end
  }

  #goOn(domain: string): void {
    if (!this.#removing.has(domain)) this.#finish(domain).catch((error: unknown) => this.#again(domain, error))
  }

  #again(domain: string, error: unknown): void {
    this.#kernel.report('domain_not_removed', error, { domain })
    this.#kernel.timers.after(AGAIN_SECONDS, () => this.#goOn(domain))
  }

  #finish(domain: string): Promise<void> {
    let removal = this.#removing.get(domain)
    if (removal === undefined) {
      const { cluster } = this.#kernel
      const work = (): Promise<void> => this.#removeRest(domain)
      // One node does it: what another one still did might be done to a domain that has come again.
      const run = cluster === undefined ? work() : cluster.exclusively(`removing ${domain}`, work)
      removal = run.finally(() => this.#removing.delete(domain))
      this.#removing.set(domain, removal)
    }
    return removal
  }

  async #removeRest(domain: string): Promise<void> {
    const subject = parseJid(domain)
    const { cluster, eraser, storage } = this.#kernel
    const text = await this.#store.get(OWNER, domain)
    // Another node has done it.
    if (text === undefined || (JSON.parse(text) as KeptDomain).status !== 'deleting') return this.sync()
    if (!(await eraser.isOrdered(subject))) await eraser.orderDomain(domain)
    await eraser.finish(subject)
    // A server that stops goes on with it at its next start.
    if (await eraser.isOrdered(subject)) return
    await this.#inTurn(async () => {
      await storage.commit([this.#store.remove(OWNER, domain)])
      const left = new Map(this.#known)
      left.delete(domain)
      this.#known = left
    })
    await cluster?.askAll(DOMAINS_CHANGED)
  }

  /** One change after another. */
  async #inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(change)
    this.#turn = turn.catch(() => undefined)
    await turn
  }
}
