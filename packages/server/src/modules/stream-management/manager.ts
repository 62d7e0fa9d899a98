/** XEP-0198: what clients say about acknowledgements and resumption, and what becomes of their sessions. */
import { randomBytes } from 'node:crypto'
import {
  type Jid,
  STREAM_MANAGEMENT_NS,
  SmAck,
  SmEnable,
  SmEnabled,
  SmRequest,
  SmResume,
  StreamError,
  buildSmFailed,
  handledCountTooHigh,
  readCount,
  wantsResumption,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { HandledCount, type Host, type Memory, type Newcomer, type Session } from '../../core/module.ts'
import { Elsewhere } from './elsewhere.ts'
import { type Managed, managedOf, managedSlot, refuse, takeOver } from './managed.ts'
import { Outbound, type OutboundSettings, type PackedOutbound } from './outbound.ts'
import { StaleCounts, type StaleSettings } from './stale.ts'

/** The settings of the module. */
export interface ManagerSettings extends OutboundSettings {
  readonly resume_timeout: number
  readonly stale_h: StaleSettings
}

/** What another node needs to go on with a session. */
interface Packed {
  readonly id: string | undefined
  readonly handled: number
  readonly outbound: PackedOutbound
}

/** The module's part of a session that moves. */
const PACKED = 'mod_stream_management'

/** How many requests of a client may wait for commits before the client has to wait too. */
const MAX_WAITING = 256

export class StreamManager {
  readonly #host: Host
  readonly #settings: ManagerSettings
  readonly stale: StaleCounts
  /** The sessions of other nodes. */
  readonly elsewhere: Elsewhere

  /** Sessions that are managed already go on with these settings. */
  constructor(host: Host, settings: ManagerSettings) {
    this.#host = host
    this.#settings = settings
    this.stale = new StaleCounts(host, settings.stale_h)
    this.elsewhere = new Elsewhere(host, this)
    for (const { local } of host.directory.all()) {
      const managed = local?.hostType === host.type ? managedOf(local) : undefined
      if (managed !== undefined) managed.outbound.settings = settings
    }
  }

  /** What a client says that has no resource yet. */
  beforeBinding(newcomer: Newcomer, element: Element): true | undefined | Promise<true> {
    if (SmResume.is(element)) return this.#resume(newcomer, element)
    if (!SmEnable.is(element)) return undefined
    // §3: not before a resource is bound
    newcomer.send(buildSmFailed('unexpected-request'))
    return true
  }

  /** What a client says that has a session. */
  nonza(session: Session, element: Element): true | undefined | Promise<true> {
    if (element.ns !== STREAM_MANAGEMENT_NS) return undefined
    const managed = managedOf(session)
    if (SmRequest.is(element)) return managed === undefined ? true : this.#answer(session, managed)
    if (SmAck.is(element)) return this.#acknowledged(session, managed, element)
    if (SmEnable.is(element)) return this.#enable(session, managed, element)
    if (!SmResume.is(element)) return undefined
    session.connection.send(buildSmFailed('unexpected-request'))
    return true
  }

  /** Keeps a session that can be resumed. */
  lost(session: Session): true | undefined {
    const managed = managedOf(session)
    // Who is taking the session over is awake.
    if (managed?.id === undefined || !managed.outbound.lost(managed.heir === undefined)) return undefined
    managed.timer?.cancel()
    managed.timer = this.#host.after(this.#settings.resume_timeout, () =>
      this.#host.endSession(session, 'not resumed in time'),
    )
    this.#host.log.info({ what: 'session_kept', jid: session.jid.toString() }, 'session kept')
    return true
  }

  /** The session is over. */
  closed(session: Session): void {
    const managed = managedOf(session)
    if (managed === undefined) return
    managed.timer?.cancel()
    managed.outbound.stop()
    if (managed.id !== undefined) this.stale.remember(session.jid, managed.id, managed.inbound)
  }

  /** The session goes on at another node: what that needs, for `arrived`. */
  pack(memory: Memory, session: Session): Memory {
    const managed = managedOf(session)
    if (managed === undefined) return memory
    const { id, inbound, outbound } = managed
    const packed: Packed = { id, handled: inbound.handled, outbound: outbound.pack() }
    return { ...memory, [PACKED]: JSON.stringify(packed) }
  }

  /** The session has left for another node. */
  left(session: Session): void {
    const managed = managedOf(session)
    managed?.timer?.cancel()
    managed?.outbound.stop()
  }

  /** A session has come from another node. */
  arrived(session: Session, memory: Memory): void {
    const packed = memory[PACKED]
    if (packed !== undefined) adopt(this.#host, session, this.#settings, JSON.parse(packed) as Packed)
  }

  /** Sessions go on: those without a connection end in their time, whether the module runs again by then or not. */
  stop(): void {
    this.stale.stop()
  }

  /** §3. */
  #enable(session: Session, before: Managed | undefined, enable: Element): true {
    if (before !== undefined) {
      session.connection.send(buildSmFailed('unexpected-request'))
      session.connection.close()
      return true
    }
    const id = wantsResumption(enable) && this.#settings.buffer ? randomBytes(24).toString('base64url') : undefined
    const inbound = new HandledCount()
    const outbound = new Outbound(this.#host, session, this.#settings)
    session.slot(managedSlot).managed = { id, inbound, outbound, timer: undefined, heir: undefined, waiting: 0 }
    session.connection.send(SmEnabled({ id, resume: id === undefined ? undefined : 'true' }))
    session.inbound = inbound
    session.addGate(outbound, 'late')
    return true
  }

  /** §4: an `<r/>` is answered when everything received before it is durable. The client's next stanza does not wait for that. */
  #answer(session: Session, managed: Managed): true | Promise<true> {
    const { connection } = session
    const { inbound } = managed
    const { settled } = inbound
    if (settled === undefined) {
      connection.send(SmAck({ h: inbound.handled }))
      return true
    }
    managed.waiting++
    const answered = settled.then((): true => {
      managed.waiting--
      // Over this connection: when there is another one by now, the client has been told over that.
      connection.send(SmAck({ h: inbound.handled }))
      return true
    })
    return managed.waiting < MAX_WAITING ? true : answered
  }

  /** §4 and §6. */
  #acknowledged(session: Session, managed: Managed | undefined, ack: Element): true {
    if (managed === undefined) return true
    const h = readCount(ack.attr('h'))
    if (h === undefined || !managed.outbound.acknowledge(h))
      session.connection.close(handledCountTooHigh(h, managed.outbound.sent))
    return true
  }

  /** §5. */
  async #resume(newcomer: Newcomer, resume: Element): Promise<true> {
    const { user } = newcomer
    const id = resume.attr('previd') ?? ''
    const session = this.find(user, id)
    const managed = session && managedOf(session)
    // S48: sessions are looked for among the user's own only.
    if (managed === undefined) return this.elsewhere.resume(newcomer, id, resume.attr('h'))
    const h = readCount(resume.attr('h'))
    if (h === undefined || !managed.outbound.mayHave(h)) {
      newcomer.fail(handledCountTooHigh(h, managed.outbound.sent))
      return true
    }
    managed.outbound.acknowledge(h)
    // From here on the old connection brings nothing more. What it has brought is handled before the client is told how much that was.
    managed.heir = newcomer
    this.#host.loseConnection(session!, 'resumed', new StreamError('conflict'))
    await managed.inbound.settled
    // S51: of several the last
    if (managed.heir !== newcomer) newcomer.fail(new StreamError('conflict'))
    else {
      managed.heir = undefined
      if (session!.closed) refuse(newcomer, 'item-not-found', this.stale.find(user, id))
      else if (newcomer.gone) managed.outbound.sleep()
      else takeOver(newcomer, session!, managed)
    }
    return true
  }

  /** The session of a user (a bare JID) on this node that goes by this id. */
  find(user: Jid, id: string): Session | undefined {
    if (id === '') return undefined
    for (const { local } of this.#host.directory.of(user))
      if (local !== undefined && managedOf(local)?.id === id) return local
    return undefined
  }
}

/** The session has come from another node; it has no connection yet. */
function adopt(host: Host, session: Session, settings: ManagerSettings, packed: Packed): void {
  const outbound = new Outbound(host, session, settings)
  outbound.unpack(packed.outbound)
  const inbound = new HandledCount(packed.handled)
  const timer = host.after(settings.resume_timeout, () => host.endSession(session, 'not resumed in time'))
  session.slot(managedSlot).managed = { id: packed.id, inbound, outbound, timer, heir: undefined, waiting: 0 }
  session.inbound = inbound
  session.addGate(outbound, 'late')
}
