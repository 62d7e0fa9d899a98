import type { Jid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Write } from './database.ts'
import type { SessionEntry } from './directory.ts'
import type { Session } from './session.ts'

/** Where a stanza entered: a client's session, a component, the API or CLI, the server itself, or another node. */
export type Origin = 'client' | 'component' | 'api' | 'server' | 'node' | 's2s'

/** Refuses what a delivery keeps because it was handled before: it has no effects, and neither its sender nor anybody else is told. */
export class HandledBefore extends Error {
  override readonly name = 'HandledBefore'
}

/** One stanza on its way, from whoever sent it: what the filters see, replace and add to. */
export class Delivery {
  /** The stanza as the filters have made it so far. */
  stanza: Element
  readonly from: Jid
  readonly to: Jid
  readonly origin: Origin
  /** The sender's session, when the sender is a client of this process. */
  readonly session: Session | undefined
  /** When the stanza was received: microseconds since the epoch, different for every delivery of this process. */
  readonly receivedAt: number
  /** The id that the stanza has for its recipient in every archive, and that it carries already; undefined when archives give their own. */
  stanzaId: bigint | undefined
  /** Whether the recipient's archive keeps it. */
  archived = false
  /** Resolves when it is out of the line, whatever became of it. Undefined when it did not have to wait. The line sets it. */
  done: Promise<void> | undefined
  /** Why its commit failed. The line sets it. */
  refusal: Error | undefined
  /** Resources that have it already: it is on its way again because the client of another one has not. */
  sharers: readonly SessionEntry[] = []
  #kept: readonly Write[] | undefined
  #along: Write | undefined
  #delivered: (() => void)[] | undefined
  #followed: Promise<void>[] | undefined
  #withheld: ReadonlySet<string> | undefined

  constructor(stanza: Element, from: Jid, to: Jid, origin: Origin, receivedAt: number, session?: Session) {
    this.stanza = stanza
    this.from = from
    this.to = to
    this.origin = origin
    this.receivedAt = receivedAt
    this.session = session
    this.stanzaId = undefined
    this.done = undefined
    this.refusal = undefined
  }

  /** Adds what this stanza must leave behind. All of a delivery's writes commit together, before anyone receives the stanza. */
  keep(...writes: readonly Write[]): void {
    this.#kept = this.#kept === undefined ? writes : this.#kept.concat(writes)
  }

  /** Sets a write that commits with what the stanza leaves behind, before it, and not at all when that is nothing. */
  keepAlong(write: Write): void {
    this.#along = write
  }

  /** Whether such a write is set. */
  get keepsAlong(): boolean {
    return this.#along !== undefined
  }

  /** Whether the stanza must leave something behind. */
  get keeps(): boolean {
    return this.#kept !== undefined
  }

  /** What the stanza must leave behind. The delivery forgets it: much may wait for its commit, and the store has a smaller form for it. */
  letGo(): readonly Write[] {
    const kept = this.#kept ?? []
    this.#kept = undefined
    return this.#along === undefined ? kept : [this.#along, ...kept]
  }

  /** Keeps the stanza from some of the recipient's resources, by their names; whoever chooses resources asks `takers`. */
  withhold(resources: ReadonlySet<string>): void {
    this.#withheld = resources
  }

  /** Those of the recipient's resources from which nobody has kept the stanza. */
  takers(resources: readonly SessionEntry[]): readonly SessionEntry[] {
    const withheld = this.#withheld
    return withheld === undefined ? resources : resources.filter(({ jid }) => !withheld.has(jid.resource))
  }

  /** Adds a step to take when everything kept is durable, instead of or besides handing the stanza to sessions. */
  afterwards(step: () => void): void {
    if (this.#delivered === undefined) this.#delivered = [step]
    else this.#delivered.push(step)
  }

  /** For a step: what it has begun must be durable, too, before the stanza counts as handled. */
  follow(work: Promise<void>): void {
    // Whoever waits for it learns of a failure; it is no fault when nobody does.
    work.catch(() => undefined)
    if (this.#followed === undefined) this.#followed = [work]
    else this.#followed.push(work)
  }

  /** What the steps have begun; undefined when that is nothing. */
  get followed(): readonly Promise<void>[] | undefined {
    return this.#followed
  }

  /** Takes the steps; the router calls this once. What a step throws goes to `failed`: the others are taken all the same. */
  complete(failed: (error: unknown) => void): void {
    if (this.#delivered === undefined) return
    for (const step of this.#delivered) {
      try {
        step()
      } catch (error) {
        failed(error)
      }
    }
  }
}
