/** Sessions that go on at another node. */
import { StreamError, parseJid } from '@meerkat/protocol'
import { parseElement } from '@meerkat/xml'
import { type HeldWords, LostConnection, packHeld, unpackHeld } from './gate.ts'
import { fold, notify } from './hooks.ts'
import type { Kernel } from './kernel.ts'
import { reroute } from './reroute.ts'
import { type Connection, Session } from './session.ts'
import { type SessionWords, entryEnvelope, readEntry } from './transport/index.ts'

/** What modules remember of a session, by their names, in their own words. */
export type Memory = Readonly<Record<string, string>>

/** Collects what modules remember of a session that goes on at another node; synchronous. A gate packed here holds nothing any more. */
export const sessionPacked = fold<Memory, [session: Session]>('session packed')
/** Fired when a session has left for another node: it is closed here, and nobody else is told. */
export const sessionLeft = notify<[session: Session]>('session left')
/** Fired when a session has come from another node; it stands in the directory, and has no connection yet. */
export const sessionArrived = notify<[session: Session, memory: Memory]>('session arrived')

interface Packed {
  readonly entry: SessionWords
  readonly memory: Memory
  /** What gates held besides. */
  readonly held: readonly HeldWords[]
}

/** Something that can be sent to the node `to`, and how to undo the move when it does not arrive there. */
export interface Parcel {
  readonly data: string
  /** The node has gone: what the client may not have goes to others. */
  undelivered(): void
}

/** Takes a session that has no connection out of this node. Stanzas for it go to the node `to` from now on. */
export function sendOff(kernel: Kernel, session: Session, to: string): Parcel {
  const { directory } = kernel
  const entry = directory.find(session.jid)
  const hooks = kernel.hosts.type(session.hostType)!.hooks
  if (entry?.local !== session || session.closed) throw new Error('the session is not here')
  const everything = session.held()
  const memory = hooks.fold(sessionPacked, {}, session)
  if (memory instanceof Promise) throw new TypeError('a listener of "session packed" waits')
  const held = session.held().map(packHeld)
  const words = entryEnvelope(entry)
  const data = JSON.stringify({ entry: words, memory, held } satisfies Packed)
  session.closed = true
  directory.leave(entry)
  const there = readEntry(to, words)
  directory.enter(there)
  void hooks.notify(sessionLeft, session)
  const undelivered = (): void => {
    directory.leave(there)
    reroute(kernel.router, session.jid, everything)
  }
  return { data, undelivered }
}

/** Takes in a session that another node has sent off; it has no connection. */
export function takeIn(kernel: Kernel, data: string): Session {
  const { entry, memory, held } = JSON.parse(data) as Packed
  const jid = parseJid(entry.jid)
  const host = kernel.hosts.of(jid.domain)
  if (host === undefined) throw new StreamError('host-unknown')
  const there = kernel.directory.find(jid)?.local
  if (there !== undefined) kernel.endSession(there, 'replaced', new StreamError('conflict'))
  const session: Session = new Session(
    jid,
    host.type,
    new LostConnection(NOWHERE, (error) => kernel.endSession(session, error?.condition ?? 'closed', error)),
    entry.openedAt,
  )
  session.presence = entry.presence === undefined ? undefined : parseElement(entry.presence)
  session.priority = entry.priority
  kernel.directory.open(session, entry.marks)
  session.announced = kernel.directory.spreading
  void host.hooks.notify(sessionArrived, session, memory)
  for (const { stanza, at, handing } of held.map(unpackHeld)) session.deliver(stanza, at, handing)
  return session
}

const NOWHERE: Connection = {
  kind: 'c2s',
  ip: '',
  port: 0,
  encrypted: true,
  send: () => undefined,
  close: () => undefined,
  destroy: () => undefined,
}
