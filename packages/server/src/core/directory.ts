import type { Jid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Session } from './session.ts'

/** One resource of a user, wherever it is connected. */
export interface SessionEntry {
  /** The full JID. */
  readonly jid: Jid
  /** The node that holds the connection. */
  readonly node: string
  /** The session itself when this process holds it: the only way to reach a session's object. */
  readonly local: Session | undefined
  /** The presence priority; undefined while the resource is not available. */
  priority: number | undefined
  /** The last available presence. */
  presence: Element | undefined
  /** Milliseconds since the epoch. */
  readonly openedAt: number
  /** What other nodes must know of the session besides: words of modules. */
  marks: readonly string[]
  /** How the session is connected, when another node holds it. */
  readonly origin?: SessionOrigin
}

/** How a session is connected, for operators. */
export interface SessionOrigin {
  readonly kind: string
  readonly ip: string
  readonly port: number
}

/** Told of changes to this node's own entries, so that other nodes can keep their copies. */
export interface DirectoryListener {
  /** An entry is new or another one; resolves when the other nodes know. */
  changed(entry: SessionEntry): void | Promise<void>
  closed(entry: SessionEntry): void
}

/** Which resources each user has, by bare JID; lookups are synchronous, on every node. */
export class SessionDirectory {
  readonly #users = new Map<string, SessionEntry[]>()
  readonly #node: string
  readonly #listener: DirectoryListener | undefined
  #sessions = 0
  /** Who was looked up last, and what was found: one message looks for its recipient three times. */
  #asked: Jid | undefined
  #found: readonly SessionEntry[] = NONE
  #spreading: Promise<void> | undefined

  constructor(node: string, listener?: DirectoryListener) {
    this.#node = node
    this.#listener = listener
  }

  /** Enters a session of this node, with the presence that it has. */
  open(session: Session, marks: readonly string[] = UNMARKED): void {
    const { jid, openedAt, priority, presence } = session
    const entry: SessionEntry = { jid, node: this.#node, local: session, priority, presence, openedAt, marks }
    this.enter(entry)
    this.#spread(entry)
  }

  /** Takes a session of this node out; false when it is not there. */
  close(session: Session): boolean {
    const entry = this.#entryOf(session)
    if (entry === undefined) return false
    this.leave(entry)
    this.#listener?.closed(entry)
    return true
  }

  /** Notes a session's presence; undefined when it is no longer available. */
  setPresence(session: Session, presence: Element | undefined, priority: number | undefined): void {
    session.presence = presence
    session.priority = priority
    const entry = this.#entryOf(session)
    if (entry === undefined) return
    entry.presence = presence
    entry.priority = priority
    this.#spread(entry)
  }

  /** Puts a mark on a session of this node, or takes it off. */
  mark(session: Session, mark: string, on: boolean): void {
    const entry = this.#entryOf(session)
    if (entry === undefined || entry.marks.includes(mark) === on) return
    entry.marks = on ? [...entry.marks, mark] : entry.marks.filter((other) => other !== mark)
    this.#spread(entry)
  }

  /** Notes that a session of this node has another connection. */
  reconnected(session: Session): void {
    const entry = this.#entryOf(session)
    if (entry !== undefined) this.#spread(entry)
  }

  /** Resolves when the other nodes know of all changes so far; undefined when they do. */
  get spreading(): Promise<void> | undefined {
    return this.#spreading
  }

  #spread(entry: SessionEntry): void {
    const told = this.#listener?.changed(entry)
    if (told === undefined) return
    // A node learns of changes in their order.
    this.#spreading = told.finally(() => {
      if (this.#spreading === spreading) this.#spreading = undefined
    })
    const spreading = this.#spreading
  }

  #entryOf(session: Session): SessionEntry | undefined {
    return this.#users.get(session.jid.bare.toString())?.find((candidate) => candidate.local === session)
  }

  /** Enters a session, wherever it is connected; what another node had under the same full JID goes. */
  enter(entry: SessionEntry): void {
    const key = entry.jid.bare.toString()
    const before = this.#users.get(key) ?? NONE
    const others = before.filter((other) => !same(other, entry) && !isReplaced(other, entry))
    const later = others.findIndex(({ openedAt }) => openedAt > entry.openedAt)
    this.#sessions += 1 + others.length - before.length
    this.#asked = undefined
    this.#users.set(key, later < 0 ? [...others, entry] : others.toSpliced(later, 0, entry))
  }

  /** Takes an entry out, wherever it is from. */
  leave(entry: SessionEntry): void {
    const key = entry.jid.bare.toString()
    const before = this.#users.get(key) ?? []
    const others = before.filter((other) => !same(other, entry))
    this.#sessions += others.length - before.length
    this.#asked = undefined
    if (others.length === 0) this.#users.delete(key)
    else this.#users.set(key, others)
  }

  /** Takes out all that a node had; what was taken out. */
  leaveNode(node: string): SessionEntry[] {
    const gone = this.all().filter((entry) => entry.node === node)
    for (const entry of gone) this.leave(entry)
    return gone
  }

  /** A user's resources, oldest first; `user` may be any JID of the user. */
  of(user: Jid): readonly SessionEntry[] {
    const { bare } = user
    if (bare !== this.#asked) {
      this.#found = this.#users.get(bare.toString()) ?? NONE
      this.#asked = bare
    }
    return this.#found
  }

  /** The resource with this full JID. */
  find(full: Jid): SessionEntry | undefined {
    for (const entry of this.of(full)) if (entry.jid.resource === full.resource) return entry
    return undefined
  }

  /** All entries, of all users. */
  all(): SessionEntry[] {
    return Array.from(this.#users.values()).flat()
  }

  /** How many resources there are. */
  get size(): number {
    return this.#sessions
  }

  /** How many users have at least one resource. */
  get users(): number {
    return this.#users.size
  }
}

const NONE: readonly SessionEntry[] = []
const UNMARKED: readonly string[] = []

/** Of a full JID that another node had, there is one session only: where it was opened last. */
function isReplaced(other: SessionEntry, entry: SessionEntry): boolean {
  return other.local === undefined && other.jid.resource === entry.jid.resource
}

function same(a: SessionEntry, b: SessionEntry): boolean {
  if (a.local !== undefined || b.local !== undefined) return a.local === b.local
  return a.jid.resource === b.jid.resource && a.node === b.node
}
