/**
 * Most mailboxes are empty: what is kept is looked up when a session begins, beside what else is, so that nobody need look when it takes messages. A
 * server of one process remembers which were, since nobody else can put something there.
 */
import type { Jid } from '@meerkat/protocol'
import type { Host, StoredLog } from '../../core/module.ts'

/** How many mailboxes are remembered as empty. */
const REMEMBERED = 50_000

/** A look into a mailbox. */
interface Look {
  /** Whether nothing was there. */
  empty: boolean
}

/** What is known of mailboxes before it is needed. */
export class Foresight {
  readonly #host: Host
  readonly #store: StoredLog
  /** By owner, from the beginning of a session to its first presence, unless something is stored. */
  readonly #looks = new Map<string, Look>()
  /** Owners in whose mailboxes nothing was, and nothing has been stored since; who was looked for last stands last. */
  readonly #empty = new Set<string>()

  constructor(host: Host, store: StoredLog) {
    this.#host = host
    this.#store = store
  }

  /** Looks into the mailbox of a user (a bare JID). */
  look(user: Jid): void {
    const owner = user.toString()
    const look = { empty: this.#empty.delete(owner) }
    this.#looks.set(owner, look)
    if (look.empty) return void this.#empty.add(owner)
    // Who looks again learns what is wrong.
    this.#store.read(owner, { limit: 1 }).then(
      (entries) => {
        look.empty = entries.length === 0
        // Of what was stored meanwhile this may not know.
        if (look.empty && this.#looks.get(owner) === look) this.#remember(owner)
      },
      () => undefined,
    )
  }

  #remember(owner: string): void {
    if (this.#host.nodes.possible) return
    this.#empty.add(owner)
    if (this.#empty.size <= REMEMBERED) return
    for (const oldest of this.#empty) return void this.#empty.delete(oldest)
  }

  /** Whether the mailbox is known to be empty. What other nodes store is not known in time. */
  isEmpty(owner: string): boolean {
    const empty = this.#looks.get(owner)?.empty ?? this.#empty.has(owner)
    return empty && this.#host.nodes.names().length === 0
  }

  /** The session has no more use for its look; one that is not over yet comes to nothing. */
  used(owner: string): void {
    this.#looks.delete(owner)
  }

  /** Something was stored, or is about to be. */
  forget(owner: string): void {
    this.#looks.delete(owner)
    this.#empty.delete(owner)
  }
}
