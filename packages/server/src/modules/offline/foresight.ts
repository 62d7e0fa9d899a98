/** Most mailboxes are empty: what is kept is looked up when a session begins, beside what else is, so that nobody need look when it takes messages. */
import type { Jid } from '@meerkat/protocol'
import type { Host, StoredLog } from '../../core/module.ts'

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

  constructor(host: Host, store: StoredLog) {
    this.#host = host
    this.#store = store
  }

  /** Looks into the mailbox of a user (a bare JID). */
  look(user: Jid): void {
    const owner = user.toString()
    const look = { empty: false }
    this.#looks.set(owner, look)
    // Who looks again learns what is wrong.
    this.#store.read(owner, { limit: 1 }).then(
      (entries) => (look.empty = entries.length === 0),
      () => undefined,
    )
  }

  /** Whether the mailbox is known to be empty. What other nodes store is not known in time. */
  isEmpty(owner: string): boolean {
    return this.#looks.get(owner)?.empty === true && this.#host.nodes.names().length === 0
  }

  /** Something was stored, or the session has no more use for it; a look that is not over yet comes to nothing. */
  forget(owner: string): void {
    this.#looks.delete(owner)
  }
}
