/** XEP-0016 §2.12 and XEP-0191 §3.3, §3.4: who may not see a session any more sees it leave, and who may see it again sees its presence. */
import { type Jid, Presence } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type Contacts, type Host, type SessionEntry, contactsOf, isSeen } from '../../core/module.ts'
import type { Rules } from './rules.ts'

/** The list that applies to an available session, before and after a change. */
export interface Turn {
  readonly session: SessionEntry
  readonly before: Rules | undefined
  readonly after: Rules | undefined
}

/** Whether a contact that saw a session before, or not, and sees it now, or not, is to be told. */
type Concern = (saw: boolean, sees: boolean) => boolean

/** How many contacts are told before the others must wait. */
const TOLD_AT_ONCE = 16

export class Visibility {
  readonly #host: Host

  constructor(host: Host) {
    this.#host = host
  }

  /** Sends unavailable presence to those from whom a session is hidden; to be called while the old list still applies. */
  hide(turns: readonly Turn[]): Promise<void> {
    const gone = Presence({ type: 'unavailable' })
    return this.#tell(
      turns,
      (saw, sees) => saw && !sees,
      () => gone,
    )
  }

  /** Sends their presence to those to whom sessions are shown again; to be called when the new list applies. */
  show(turns: readonly Turn[]): Promise<void> {
    return this.#tell(
      turns,
      (saw, sees) => sees && !saw,
      ({ presence }) => presence,
    )
  }

  async #tell(turns: readonly Turn[], concerns: Concern, what: (session: SessionEntry) => Element | undefined) {
    // Most sessions of a user turn from the same list to the same list.
    let last: { before: Rules | undefined; after: Rules | undefined; concerned: Jid[] } | undefined
    for (const { session, before, after } of turns) {
      if (before === after || session.presence === undefined) continue
      if (last === undefined || last.before !== before || last.after !== after)
        last = { before, after, concerned: await this.#concerned(session.jid.bare, before, after, concerns) }
      const presence = what(session)
      if (presence !== undefined) await this.#sendAll(presence, session.jid, last.concerned)
    }
  }

  /** The contacts that may see the user's presence, as far as the lists agree, and whom the change concerns. */
  async #concerned(user: Jid, before: Rules | undefined, after: Rules | undefined, concerns: Concern): Promise<Jid[]> {
    const contacts = await this.#host.hooks.first(contactsOf, user)
    return Array.from(contacts?.all() ?? [])
      .filter(({ subscription }) => isSeen(subscription))
      .filter(({ jid }) => concerns(mayPass(before, jid, contacts), mayPass(after, jid, contacts)))
      .map(({ jid }) => jid)
  }

  async #sendAll(presence: Element, from: Jid, targets: readonly Jid[]): Promise<void> {
    for (let i = 0; i < targets.length; i += TOLD_AT_ONCE)
      await Promise.all(
        targets.slice(i, i + TOLD_AT_ONCE).map((to) => this.#safely(() => this.#host.send(presence, from, to))),
      )
  }

  /** A contact that cannot be reached is no concern of the others. */
  async #safely(send: () => Promise<void>): Promise<void> {
    try {
      await send()
    } catch (error) {
      this.#host.report('presence_failed', error)
    }
  }
}

/** The contacts are at hand, so there is no promise. */
function mayPass(rules: Rules | undefined, contact: Jid, contacts: Contacts | undefined): boolean {
  const item = rules?.find('presence-out', contact, () => contacts)
  return item === undefined || item instanceof Promise || item.action !== 'deny'
}
