/** What other parts of the server may do with rosters. To ask about contacts only, use the hooks of core/contacts.ts, which need no roster. */
import type { Jid, RosterChange } from '@meerkat/protocol'
import type { Contact, Host, Subscription } from '../../core/module.ts'
import type { SubscriptionType } from './states.ts'

export type { SubscriptionType } from './states.ts'

/** A contact as the user's roster shows it. */
export interface RosterContact extends Contact {
  /** '' when the user gave none. */
  readonly name: string
  /** Whether the user has asked for a subscription and was not answered. */
  readonly ask: boolean
  /** Whether the contact's request is approved in advance. */
  readonly approved: boolean
}

/** The rosters of a host type. Users and contacts are bare JIDs; every change is durable and pushed when its promise resolves. */
export interface RosterApi {
  /** The contacts that the user sees. */
  list(user: Jid): Promise<RosterContact[]>
  /** The contacts that the user sees, and those who only wait for the user's answer. */
  all(user: Jid): Promise<RosterContact[]>
  /** One of all of them. */
  contact(user: Jid, contact: Jid): Promise<RosterContact | undefined>
  /** Adds, changes or removes a contact as the user does; throws the StanzaError that the user would get (RFC 6121 §2.3.3, §2.5.3). */
  set(user: Jid, change: RosterChange): Promise<void>
  /** Requests, approves, gives up or ends a subscription as the user does, with all that follows (RFC 6121 §3). */
  subscribe(user: Jid, contact: Jid, type: SubscriptionType): Promise<void>
  /** Sets the user's side of a subscription without asking anyone; the contact's side is another call. */
  put(user: Jid, contact: Jid, subscription: Subscription): Promise<void>
}

const provided = new WeakMap<Host, RosterApi>()

/** The rosters of a host type; undefined while mod_roster is not running there. */
export const rostersOf = (host: Host): RosterApi | undefined => provided.get(host)

/** Lets others find the rosters; `undefined` when they are gone. For mod_roster only. */
export function provideRosters(host: Host, api: RosterApi | undefined): void {
  if (api === undefined) provided.delete(host)
  else provided.set(host, api)
}
