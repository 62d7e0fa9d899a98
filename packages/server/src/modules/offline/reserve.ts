/**
 * Messages in mailboxes that a session without a connection holds, too (XEP-0198): they are there for the case that this server ends before the
 * client has them. While the session lives nobody else is given them; a server that starts anew knows of no such session.
 */
import { type Jid, messageType, tryJid } from '@meerkat/protocol'
import { serialize } from '@meerkat/xml'
import {
  type Delivery,
  type Held,
  type Host,
  type Memory,
  type Session,
  messagesStoredLate,
  sessionSlot,
  when,
} from '../../core/module.ts'
import type { Mailboxes } from './mailboxes.ts'

/** When the reserved messages of a session were received: an entry's time is what names it. */
const slot = sessionSlot(() => new Set<number>())

/** The module's part of a session that moves to another node. */
const PACKED = 'mod_offline'
/** How long it may take until it is known whether a session has arrived at another node, in seconds. */
const MOVING_SECONDS = 60

/** What is reserved in one mailbox: how many sessions hold each message. */
type Shelf = Map<number, number>

/** The reserved messages of one host type. */
export class Reserve {
  readonly #host: Host
  readonly #mailboxes: Mailboxes
  readonly #isKept: (message: Held['stanza']) => boolean
  readonly #shelves = new Map<string, Shelf>()
  readonly #writing = new Set<Promise<void>>()

  constructor(host: Host, mailboxes: Mailboxes, isKept: (message: Held['stanza']) => boolean) {
    this.#host = host
    this.#mailboxes = mailboxes
    this.#isKept = isKept
    mailboxes.reserve = this
    // Sessions remember what was reserved before this module was started anew.
    for (const { local } of host.directory.all())
      if (local?.hostType === host.type) for (const at of local.peek(slot) ?? []) this.#add(local, at)
  }

  /** How many messages of a mailbox are reserved. */
  size(owner: string): number {
    return this.#shelves.get(owner)?.size ?? 0
  }

  /** Whether the message that was received at this time is reserved. */
  has(owner: string, at: number): boolean {
    return this.#shelves.get(owner)?.has(at) === true
  }

  /** A message goes to sessions without connection: it is stored with whatever else it leaves behind. */
  toSleepers(delivery: Delivery, sleepers: readonly Session[]): void {
    const { stanza, receivedAt, to } = delivery
    if (!this.#isOurs({ stanza, at: receivedAt }, to)) return
    const owner = to.bare.toString()
    // A message that is on its way again may have been stored for the session before.
    if (!this.has(owner, receivedAt)) delivery.keep(this.#append(to, { stanza, at: receivedAt }))
    delivery.afterwards(() => {
      for (const session of sleepers) if (!session.closed) this.#reserve(session, receivedAt)
      // It is there, though nobody holds it: it goes on its way again.
      if (!this.has(owner, receivedAt)) this.#shelf(owner).set(receivedAt, 0)
    })
  }

  /** A session without connection holds messages; what is not stored yet is stored. */
  held(session: Session, messages: readonly Held[]): void {
    const { jid } = session
    const owner = jid.bare.toString()
    const fresh = messages.filter((each) => this.#isOurs(each, jid) && !session.peek(slot)?.has(each.at))
    const unstored = fresh.filter(({ at }) => !this.has(owner, at))
    for (const { at } of fresh) this.#reserve(session, at)
    if (unstored.length > 0) this.#write(this.#store(jid, unstored), owner, fresh)
  }

  /** The client has these: nobody needs them any more, unless another session holds them, too. */
  acknowledged(session: Session, stanzas: readonly Held[]): void {
    const mine = session.peek(slot)
    if (mine === undefined || mine.size === 0) return
    const owner = session.jid.bare.toString()
    const done = stanzas.filter(({ at }) => mine.delete(at) && this.#leave(owner, at)).map(({ at }) => at)
    this.#remove(owner, done)
  }

  /** The session has ended; what it held goes on its way again, and the next call for each message says where. */
  closed(session: Session): void {
    for (const at of session.peek(slot) ?? []) this.#leave(session.jid.bare.toString(), at)
  }

  /** The session goes on at another node: what that needs, for `arrived`. */
  pack(memory: Memory, session: Session): Memory {
    const mine = session.peek(slot)
    return mine === undefined || mine.size === 0 ? memory : { ...memory, [PACKED]: JSON.stringify([...mine]) }
  }

  /** The session has left. What it held either goes on its way here again, or is looked after there. */
  left(session: Session): void {
    this.closed(session)
    const owner = session.jid.bare.toString()
    const times = [...(session.peek(slot) ?? [])]
    if (times.length === 0) return
    this.#host.after(MOVING_SECONDS, () => {
      for (const at of times) if (this.#shelves.get(owner)?.get(at) === 0) this.#forget(owner, at)
    })
  }

  /** The session has come from another node. */
  arrived(session: Session, memory: Memory): void {
    const packed = memory[PACKED]
    if (packed !== undefined) for (const at of JSON.parse(packed) as number[]) this.#reserve(session, at)
  }

  /** When the messages of a mailbox were received that sessions here hold. */
  times(owner: string): number[] {
    return [...(this.#shelves.get(owner) ?? [])].flatMap(([at, holders]) => (holders > 0 ? [at] : []))
  }

  /** A message that nobody holds any more is to be stored: true when it is, and may be given to whoever comes. */
  adopt(owner: string, at: number): boolean {
    if (this.#shelves.get(owner)?.get(at) !== 0) return false
    this.#forget(owner, at)
    return true
  }

  /** A message that nobody holds any more has reached another device. */
  handedOver(owner: Jid, at: number): void {
    const key = owner.bare.toString()
    if (this.#shelves.get(key)?.get(at) === 0) this.#remove(key, [at])
  }

  /** The account is gone, with its mailbox. */
  clear(owner: string): void {
    this.#shelves.delete(owner)
  }

  /** Resolves when everything is written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing)
  }

  /** Whether a message is one that goes into storage when the session ends. */
  #isOurs({ stanza, handing }: Held, owner: Jid): boolean {
    if (stanza.name !== 'message' || messageType(stanza) === 'groupchat') return false
    const from = tryJid(stanza.attr('from'))
    return from !== undefined && !from.equals(owner.bare) && this.#isKept(stanza) && handing?.archived !== true
  }

  async #store(owner: Jid, messages: readonly Held[]): Promise<void> {
    const entries = messages.map((each) => this.#append(owner, each))
    await when(this.#host.hooks.fold(messagesStoredLate, [], messages, owner), (along) =>
      this.#host.commit(...entries, ...along),
    )
  }

  #append(owner: Jid, { stanza, at }: Held) {
    // Sessions hold only so much, so that no quota is needed.
    return this.#mailboxes.append(owner.bare.toString(), serialize(stanza), { at })
  }

  #reserve(session: Session, at: number): void {
    const mine = session.slot(slot)
    if (mine.has(at)) return
    mine.add(at)
    this.#add(session, at)
  }

  #add({ jid }: Session, at: number): void {
    const shelf = this.#shelf(jid.bare.toString())
    shelf.set(at, (shelf.get(at) ?? 0) + 1)
  }

  #shelf(owner: string): Shelf {
    let shelf = this.#shelves.get(owner)
    if (shelf === undefined) this.#shelves.set(owner, (shelf = new Map()))
    return shelf
  }

  /** One session holds the message no longer; true when none does. The message stays reserved until it is known where it goes. */
  #leave(owner: string, at: number): boolean {
    const shelf = this.#shelves.get(owner)
    const holders = shelf?.get(at)
    if (shelf === undefined || holders === undefined) return false
    shelf.set(at, holders - 1)
    return holders === 1
  }

  #forget(owner: string, at: number): void {
    const shelf = this.#shelves.get(owner)
    shelf?.delete(at)
    if (shelf?.size === 0) this.#shelves.delete(owner)
  }

  /** Until they are gone from the store they stay reserved, so that nobody is given them. */
  #remove(owner: string, times: readonly number[]): void {
    if (times.length === 0) return
    const forget = (): void => times.forEach((at) => this.#forget(owner, at))
    this.#track(this.#host.commit(this.#mailboxes.store.removeAt(owner, times)).finally(forget))
  }

  /** What could not be stored is not reserved: when its session ends it is stored as any other. */
  #write(commit: Promise<void>, owner: string, messages: readonly Held[]): void {
    const failed = (error: unknown): never => {
      for (const { at } of messages) this.#forget(owner, at)
      throw error
    }
    this.#track(commit.catch(failed))
  }

  #track(commit: Promise<void>): void {
    const writing = commit
      .catch((error: unknown) => this.#host.report('offline_reserve_failed', error))
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }
}
