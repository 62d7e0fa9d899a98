import type { Jid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Write } from './database.ts'
import type { Session } from './session.ts'

/** Where a stanza entered: a client's session, the API or CLI, the server itself, or another node. */
export type Origin = 'client' | 'api' | 'server' | 'node'

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
  #kept: Write[] | undefined
  #along: Write | undefined
  #delivered: (() => void)[] | undefined

  constructor(stanza: Element, from: Jid, to: Jid, origin: Origin, receivedAt: number, session?: Session) {
    this.stanza = stanza
    this.from = from
    this.to = to
    this.origin = origin
    this.receivedAt = receivedAt
    this.session = session
    this.stanzaId = undefined
  }

  /** Adds what this stanza must leave behind. All of a delivery's writes commit together, before anyone receives the stanza. */
  keep(...writes: readonly Write[]): void {
    if (this.#kept === undefined) this.#kept = [...writes]
    else this.#kept.push(...writes)
  }

  /** Sets a write that commits with what the stanza leaves behind, and not at all when that is nothing. */
  keepAlong(write: Write): void {
    this.#along = write
  }

  /** What the stanza must leave behind; undefined when nothing. */
  get kept(): readonly Write[] | undefined {
    if (this.#kept === undefined || this.#along === undefined) return this.#kept
    return [this.#along, ...this.#kept]
  }

  /** Adds a step to take when everything kept is durable, instead of or besides handing the stanza to sessions. */
  afterwards(step: () => void): void {
    if (this.#delivered === undefined) this.#delivered = [step]
    else this.#delivered.push(step)
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
