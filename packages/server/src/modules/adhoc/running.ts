/** Commands that are under way (XEP-0050 §3.1): bounded, and forgotten when nobody goes on. */
import { randomBytes } from 'node:crypto'
import { type CommandMove, StanzaError, commandError } from '@meerkat/protocol'
import type { Host, Timer } from '../../core/module.ts'
import type { Command, CommandCaller, CommandStage } from './hooks.ts'

/** How many commands a user may have under way, and how many a host type may have. */
const PER_USER = 10
const IN_ALL = 10_000
/** Seconds for which a stage waits. */
const PATIENCE = 600

/** A command that waits for its next step. */
export interface Running {
  readonly command: Command
  readonly state: unknown
  readonly moves: readonly CommandMove[]
  /** Requester and responder: nobody else may go on. */
  readonly pair: string
  readonly user: string
  readonly timer: Timer
}

/** The commands under way on one host type. */
export class RunningCommands {
  readonly #host: Host
  readonly #byId = new Map<string, Running>()
  readonly #users = new Map<string, number>()
  /** Marks the ids that were given here, to tell a session that is over from one that never was. */
  readonly #mark = randomBytes(6).toString('hex')

  constructor(host: Host) {
    this.#host = host
  }

  /** An id that was never given before. */
  newId(): string {
    return `${this.#mark}-${randomBytes(12).toString('base64url')}`
  }

  /** Takes a command out to go on with it; throws when it is not there, or is somebody else's (XEP-0050 §4.4). */
  take(id: string, node: string, caller: CommandCaller): Running {
    const running = this.#byId.get(id)
    if (running === undefined) throw commandError(id.startsWith(this.#mark) ? 'session-expired' : 'bad-sessionid')
    if (running.pair !== pairOf(caller) || running.command.node !== node) throw commandError('bad-sessionid')
    this.#forget(id, running)
    return running
  }

  /** Keeps a command until its next step; throws when there are too many. */
  keep(id: string, command: Command, stage: CommandStage<unknown>, caller: CommandCaller): void {
    const user = caller.from.bare.toString()
    const own = this.#users.get(user) ?? 0
    if (own >= PER_USER || this.#byId.size >= IN_ALL)
      throw new StanzaError('wait', 'resource-constraint', 'Too many commands are under way.')
    const timer = this.#host.after(PATIENCE, () => this.#forget(id, running))
    const { state, moves } = stage
    const running: Running = { command, state, moves, pair: pairOf(caller), user, timer }
    this.#byId.set(id, running)
    this.#users.set(user, own + 1)
  }

  /** Puts back what `take` took, for a step that was refused. */
  putBack(id: string, running: Running, caller: CommandCaller): void {
    this.keep(id, running.command, running, caller)
  }

  /** How many commands are under way. */
  get size(): number {
    return this.#byId.size
  }

  /** Forgets all. */
  stop(): void {
    for (const [id, running] of this.#byId) this.#forget(id, running)
  }

  #forget(id: string, running: Running): void {
    if (!this.#byId.delete(id)) return
    running.timer.cancel()
    const left = (this.#users.get(running.user) ?? 1) - 1
    if (left > 0) this.#users.set(running.user, left)
    else this.#users.delete(running.user)
  }
}

const pairOf = ({ from, to }: CommandCaller): string => `${from} ${to}`
