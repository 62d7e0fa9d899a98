/** The answers of a BOSH session: those that are owed, oldest first, and the last that were given (XEP-0124 §8, §14.2). */
import type { Timer, TimerWheel } from '../../core/timers.ts'
import { bodyText } from './body.ts'
import type { Reply } from './reply.ts'

/** A request that is owed its answer; without `reply` its connection broke. */
export interface Held {
  readonly rid: number
  readonly key: string | undefined
  reply: Reply | undefined
  timer: Timer | undefined
}

/** An answer that was given. */
interface Given {
  readonly text: string
  readonly key: string | undefined
}

/** How long and how many answers are kept, and who is told. */
export interface AnswerRules {
  /** Seconds that a request waits at most. */
  readonly wait: number
  /** How many given answers are kept. */
  readonly kept: number
  /** The oldest request has waited long enough. */
  readonly due: () => void
  /** A connection has come or broken. */
  readonly changed: () => void
}

/** Seconds that a connection outlives what it is held for. */
const GRACE = 15

/** What a session owes and has given. */
export class Answers {
  readonly #timers: TimerWheel
  readonly #rules: AnswerRules
  readonly #held: Held[] = []
  readonly #given = new Map<number, Given>()

  constructor(timers: TimerWheel, rules: AnswerRules) {
    this.#timers = timers
    this.#rules = rules
  }

  /** How many are owed. */
  get owed(): number {
    return this.#held.length
  }

  /** Whether somebody is there to be told things. */
  get heard(): boolean {
    return this.#held.some(({ reply }) => reply !== undefined)
  }

  /** Owes a request its answer. */
  owe(rid: number, key: string | undefined, reply: Reply): void {
    const held: Held = { rid, key, reply: undefined, timer: undefined }
    this.#held.push(held)
    this.#attach(held, reply)
  }

  /**
   * XEP-0124 §14.2: a request that came before gets the answer that it got, or takes the place of the one that waits; false when there is neither.
   * With a key sequence it has the key that it had.
   */
  again(rid: number, key: string | undefined, reply: Reply): boolean {
    const given = this.#given.get(rid)
    if (given !== undefined && given.key === key) {
      reply.send(given.text)
      return true
    }
    const held = this.#held.find((each) => each.rid === rid)
    if (held === undefined || held.key !== key) return false
    held.reply?.send(bodyText({ type: 'error' }))
    this.#attach(held, reply)
    return true
  }

  /** The oldest that is owed, which must be given now. */
  next(): Held | undefined {
    return this.#held.shift()
  }

  /** Gives an answer, and keeps it for the case that it does not arrive. */
  give({ rid, key, reply, timer }: Held, text: string): void {
    timer?.cancel()
    this.#given.set(rid, { text, key })
    for (const oldest of this.#given.keys()) {
      if (this.#given.size <= this.#rules.kept) break
      this.#given.delete(oldest)
    }
    reply?.send(text)
  }

  /** XEP-0124 §9: answers that the client says it has are not kept. */
  forget(acknowledged: number): void {
    for (const rid of this.#given.keys()) if (rid <= acknowledged) this.#given.delete(rid)
  }

  /** Takes back everything that is owed: whom it is owed to, oldest first. */
  drop(): Reply[] {
    return this.#held.splice(0).flatMap(({ reply, timer }) => {
      timer?.cancel()
      return reply ?? []
    })
  }

  #attach(held: Held, reply: Reply): void {
    held.timer?.cancel()
    held.reply = reply
    // The oldest has waited longest, so that it is its time whichever timer says so.
    held.timer = this.#timers.after(this.#rules.wait, this.#rules.due)
    reply.hold(this.#rules.wait + GRACE, () => {
      if (held.reply !== reply) return
      held.reply = undefined
      this.#rules.changed()
    })
    this.#rules.changed()
  }
}
