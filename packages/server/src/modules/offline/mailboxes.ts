/** Hands kept messages to users who have come back: oldest first, to one device, and forgotten only when it has them (XEP-0160 §2). */
import { type Jid, expiresAfter, parseJid, tryJid } from '@meerkat/protocol'
import { type Element, parseElement } from '@meerkat/xml'
import {
  type Append,
  type Host,
  type LogEntry,
  NodeGone,
  type Session,
  type StoredLog,
  type Word,
  type Write,
  delayed,
  isUnwanted,
} from '../../core/module.ts'
import { Foresight } from './foresight.ts'
import { type ServingGate, gateIn, gateOf, openGate } from './gate.ts'
import type { Reserve } from './reserve.ts'

/** How much is read and handed over at a time: so many messages, and of these no more than so many characters, but always one. */
const PAGE = 50
const PAGE_CHARACTERS = 128 * 1024

/** Tells other nodes that something was stored for a user. */
const LOOK = 'mod_offline look'
/** Asks another node what is reserved there. */
const RESERVED = 'mod_offline reserved'

const NONE: ReadonlySet<number> = new Set()

function noneIfGone(error: unknown): number[] {
  if (error instanceof NodeGone) return []
  throw error
}

/** The mailboxes of one host type. */
export class Mailboxes {
  readonly store: StoredLog
  readonly foresight: Foresight
  /** What stays in the mailboxes for now. */
  reserve: Reserve | undefined
  readonly #host: Host
  /** Who is being served: a second device that comes while the first is served gets nothing of what the first gets. */
  readonly #serving = new Map<string, Promise<void>>()
  /** The gates of the devices that are served: what is kept is not overtaken on its way. */
  readonly #gates = new Map<string, Set<ServingGate>>()
  /** Who has to be looked after once more when served: something was stored, or a device came, meanwhile. */
  readonly #again = new Set<string>()
  #stopped = false

  constructor(host: Host) {
    this.#host = host
    this.store = host.stores.log('offline')
    this.foresight = new Foresight(host, this.store)
  }

  /** A device begins to take messages: what comes for it waits until `arrived` has looked what is kept. */
  arriving(session: Session): void {
    if (this.#stopped || this.foresight.isEmpty(session.jid.bare.toString())) return
    gateOf(this.#host, session).arriving = true
  }

  /** A device takes messages. */
  arrived(session: Session): void {
    const owner = session.jid.bare
    if (!this.foresight.isEmpty(owner.toString())) this.deliverIfAvailable(owner)
    this.foresight.used(owner.toString())
    const gate = gateIn(session)
    if (gate !== undefined) gate.arriving = false
  }

  /** Stores a message for a user (a bare JID). */
  append(owner: string, message: string, options: Append): Write {
    const forget = (): void => this.foresight.forget(owner)
    // Now, too: a unit whose outcome nobody learns may have been kept.
    forget()
    return { ...this.store.append(owner, message, options), committed: forget }
  }

  /**
   * Hands what is kept for a user (a bare JID) to the device that takes messages now, if there is one. It returns at once: neither the device's
   * own stanzas nor the sender of a message wait for it.
   */
  deliverIfAvailable(owner: Jid): void {
    const device = this.#device(owner)
    if (this.#stopped) return
    const key = owner.toString()
    // Also where this node knows of no device: one that comes elsewhere may look too early, and be heard of here too late.
    if (device === undefined) return void this.#host.nodes.tell(LOOK, owner.toString())
    if (this.#serving.has(key)) {
      this.#again.add(key)
      this.#close(key, device)
      return
    }
    this.#gates.set(key, new Set())
    this.#close(key, device)
    const served = this.#serve(owner).catch((error: unknown) => this.#host.report('offline_delivery_failed', error))
    this.#serving.set(key, served)
  }

  /** Ends when what is being handed over is settled; the rest stays in the store. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const { local } of this.#host.directory.all()) if (local?.hostType === this.#host.type) openGate(local)
    await Promise.allSettled(this.#serving.values())
  }

  async #serve(owner: Jid): Promise<void> {
    const key = owner.toString()
    let begun = false
    try {
      // No two nodes hand over the same messages.
      await this.#host.nodes.exclusively(`offline ${key}`, () => {
        begun = true
        return this.#servePages(owner, key)
      })
    } finally {
      if (!begun) this.#served(key)
    }
  }

  async #servePages(owner: Jid, key: string): Promise<void> {
    try {
      let more = true
      while (more && !this.#stopped) more = (await this.#nextPage(owner, key)) || this.#again.has(key)
    } finally {
      // In the same step as the last look at `#again`, so that nobody adds to it in vain.
      this.#served(key)
    }
  }

  #served(key: string): void {
    this.#serving.delete(key)
    this.#again.delete(key)
    const gates = this.#gates.get(key) ?? []
    this.#gates.delete(key)
    for (const gate of gates) gate.serving = false
  }

  /** Another node has stored something for a user whose device may be here. */
  heard({ topic, data }: Word): string | undefined {
    if (topic === RESERVED) return JSON.stringify(this.reserve?.times(data) ?? [])
    if (topic !== LOOK) return
    const owner = parseJid(data)
    if (this.#device(owner) !== undefined) this.deliverIfAvailable(owner)
  }

  /** When the messages were received that sessions of other nodes hold. */
  async #reservedElsewhere(key: string): Promise<ReadonlySet<number>> {
    const { nodes } = this.#host
    const times = (answer: string | undefined): number[] =>
      answer === undefined ? [] : (JSON.parse(answer) as number[])
    const all = nodes.names().map((node) => nodes.ask(node, RESERVED, key, times).catch(noneIfGone))
    return all.length === 0 ? NONE : new Set((await Promise.all(all)).flat())
  }

  #close(key: string, device: Session): void {
    const gate = gateOf(this.#host, device)
    gate.serving = true
    this.#gates.get(key)?.add(gate)
  }

  /** Hands over the oldest messages; whether there may be more to do. */
  async #nextPage(owner: Jid, key: string): Promise<boolean> {
    this.#again.delete(key)
    const elsewhere = await this.#reservedElsewhere(key)
    const entries = await this.store.read(key, { limit: PAGE + elsewhere.size + (this.reserve?.size(key) ?? 0) })
    // Also of what was reserved while this was read.
    const isFree = ({ at }: LogEntry): boolean => !elsewhere.has(at) && this.reserve?.has(key, at) !== true
    const page = within(entries.filter(isFree).slice(0, PAGE))
    const device = this.#device(owner)
    if (device === undefined) return false
    this.#close(key, device)
    // A device that is lost leaves its page to the next one, if there is another.
    return page.length > 0 && ((await this.#handOver(key, page, device)) || this.#device(owner) !== undefined)
  }

  /** Hands a page over and forgets it; false, with everything kept, when the device was lost on the way. */
  async #handOver(owner: string, page: readonly LogEntry[], device: Session): Promise<boolean> {
    const now = this.#host.clock.now() * 1000
    const gate = gateOf(this.#host, device)
    let before: LogEntry | undefined
    for (const entry of page) {
      const message = parseElement(entry.value)
      const twice = before !== undefined && isSame(before, entry)
      before = entry
      // XEP-0023 §3: what has expired is not delivered
      const seconds = expiresAfter(message)
      const isFresh = seconds === undefined || entry.at + seconds * 1_000_000 > now
      if (!twice && isFresh && (await this.#unwanted(message, device.jid)) !== true)
        gate.onward(delayed(message, entry.at, device.jid.domain), entry.at)
      const waiting = device.ready()
      if (waiting !== undefined) await waiting
      if (device.closed) return false
    }
    await device.ready(true)
    if (device.closed) return false
    await this.#host.commit(
      this.store.remove(
        owner,
        page.map(({ id }) => id),
      ),
    )
    return true
  }

  /** S68: whom the user has blocked since does not get through. */
  #unwanted(message: Element, device: Jid): boolean | undefined | Promise<boolean | undefined> {
    const from = tryJid(message.attr('from'))
    return from === undefined ? undefined : this.#host.hooks.first(isUnwanted, device, from, 'message')
  }

  /** The user's device on this node that takes messages: the one with the highest priority that is not negative. */
  #device(owner: Jid): Session | undefined {
    let best: Session | undefined
    for (const { local } of this.#host.directory.of(owner)) {
      const priority = local?.priority
      if (local === undefined || local.closed || priority === undefined || priority < 0) continue
      // One without connection only when there is no other.
      if (best?.priority === undefined || (best.lost && !local.lost)) best = local
      else if (priority > best.priority && (best.lost || !local.lost)) best = local
    }
    return best
  }
}

/** Whether two entries are the same message: a device that was lost while it was handed a page may have left some of it once more. */
function isSame(a: LogEntry, b: LogEntry): boolean {
  if (a.at !== b.at) return false
  const [first, second] = [parseElement(a.value), parseElement(b.value)]
  return first.attr('from') === second.attr('from') && first.attr('id') === second.attr('id')
}

/** The first entries, as many as go together into what a client that reads has room for. */
function within(entries: readonly LogEntry[]): readonly LogEntry[] {
  let characters = 0
  const end = entries.findIndex(({ value }, index) => (characters += value.length) > PAGE_CHARACTERS && index > 0)
  return end < 0 ? entries : entries.slice(0, end)
}
