/** XEP-0198 §5: sessions that are resumed at another node than the one that has them. They move there with all that they hold. */
import { type Jid, StreamError, handledCountTooHigh, parseJid, readCount } from '@meerkat/protocol'
import { type Host, type Newcomer, NodeGone, type Session, type Word } from '../../core/module.ts'
import type { StreamManager } from './manager.ts'
import { managedOf, refuse, takeOver } from './managed.ts'

/** Asks another node for a session. */
const RESUME = 'mod_stream_management resume'

/** Asks a node to say so when it has come to this word: behind all that it was sent before. `data`: the node that it is to ask that first, or nothing. */
const PASSED = 'mod_stream_management passed'

/** What is asked: whose session, the id, and the client's count as it has given it. */
interface Wanted {
  readonly user: string
  readonly id: string
  readonly h: string | undefined
}

/** What a node answers. */
type Answer =
  /** It has no such session; perhaps it remembers how much was handled in it. */
  | { readonly absent: true; readonly h: number | undefined }
  /** The client says that it has handled more than it was sent. */
  | { readonly sent: number }
  /** Another client of the user was quicker. */
  | { readonly conflict: true }
  /** The session, for `takeIn`. */
  | { readonly moved: string }

/** What has come of the question. */
type Found = Exclude<Answer, { moved: string }> | { readonly session: Session }

/** Resumption over nodes: this end asks for sessions, and gives away those that others ask for. */
export class Elsewhere {
  readonly #host: Host
  readonly #manager: StreamManager

  constructor(host: Host, manager: StreamManager) {
    this.#host = host
    this.#manager = manager
  }

  /** Resumes a session that is not here: asks the other nodes one after another. */
  async resume(newcomer: Newcomer, id: string, h: string | undefined): Promise<true> {
    const { user } = newcomer
    let stale = this.#manager.stale.find(user, id)
    for (const node of id === '' ? [] : this.#host.nodes.names()) {
      const found = await this.#ask(node, { user: user.toString(), id, h })
      if ('session' in found) return this.#goOn(newcomer, found.session, node)
      if ('absent' in found) stale ??= found.h
      else if ('sent' in found) {
        newcomer.fail(handledCountTooHigh(readCount(h), found.sent))
        return true
      } else {
        newcomer.fail(new StreamError('conflict'))
        return true
      }
    }
    return refuse(newcomer, 'item-not-found', stale)
  }

  /** The session is taken in as soon as it comes, even if the client has left meanwhile: no other node has it any more. */
  #ask(node: string, wanted: Wanted): Promise<Found> {
    const take = (text: string | undefined): Found => {
      const answer: Answer = text === undefined ? ABSENT : (JSON.parse(text) as Answer)
      return 'moved' in answer ? { session: this.#host.takeIn(answer.moved) } : answer
    }
    return this.#host.nodes.ask(node, RESUME, JSON.stringify(wanted), take).catch((error: unknown): Found => {
      if (error instanceof NodeGone) return ABSENT
      throw error
    })
  }

  async #goOn(newcomer: Newcomer, session: Session, before: string): Promise<true> {
    await session.announced
    await this.#gathered(before)
    const managed = managedOf(session)
    if (session.closed || managed === undefined) return refuse(newcomer, 'item-not-found', undefined)
    if (newcomer.gone) managed.outbound.sleep()
    else takeOver(newcomer, session, managed)
    return true
  }

  /**
   * Resolves when all has come that was on its way to the node that had the session before. By now everybody sends it here; what comes back from there is
   * older, and the client gets it first.
   */
  async #gathered(before: string): Promise<void> {
    const others = this.#host.nodes.names().filter((node) => node !== before)
    await Promise.all(others.map((node) => this.#passed(node, before)))
    await this.#passed(before, '')
    await this.#host.lined()
  }

  async #passed(node: string, by: string): Promise<void> {
    try {
      await this.#host.nodes.ask(node, PASSED, by, () => undefined)
    } catch (error) {
      if (!(error instanceof NodeGone)) throw error
    }
  }

  async #allPassed(by: string): Promise<string> {
    if (by !== '') await this.#passed(by, '')
    // What has waited for its commit and finds the session gone goes on its way again, and waits once more.
    for (let time = 0; time < 2; time++) await this.#host.lined()
    return 'passed'
  }

  /** Another node asks for a session, or what is on its way. */
  heard(word: Word): undefined | string | Promise<string | undefined> {
    if (word.topic === PASSED) return this.#allPassed(word.data)
    if (word.topic !== RESUME) return undefined
    const { user, id, h } = JSON.parse(word.data) as Wanted
    return this.#give(word, parseJid(user), id, readCount(h))
  }

  /** As with a client of this node: the old connection ends first, and what it has brought is handled before the session leaves. */
  async #give(word: Word, user: Jid, id: string, h: number | undefined): Promise<undefined> {
    const session = this.#manager.find(user, id)
    const managed = session && managedOf(session)
    const reply = (answer: Answer): undefined => word.reply(JSON.stringify(answer)) as undefined
    const absent = (): undefined => reply({ absent: true, h: this.#manager.stale.find(user, id) })
    if (session === undefined || managed === undefined) return absent()
    if (h === undefined || !managed.outbound.mayHave(h)) return reply({ sent: managed.outbound.sent })
    managed.outbound.acknowledge(h)
    const heir = {}
    managed.heir = heir
    this.#host.loseConnection(session, 'resumed', new StreamError('conflict'))
    await managed.inbound.settled
    // S51: of several the last
    if (managed.heir !== heir) return reply({ conflict: true })
    managed.heir = undefined
    if (session.closed) return absent()
    const parcel = this.#host.sendOff(session, word.from)
    word.undelivered = () => parcel.undelivered()
    return reply({ moved: parcel.data })
  }
}

const ABSENT = { absent: true, h: undefined } as const
