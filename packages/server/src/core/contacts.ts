/** Questions about contacts that several features ask and a roster can answer; without a roster nobody answers, and there are no contacts. */
import type { Jid } from '@meerkat/protocol'
import { first, notify } from './hooks.ts'

/** Who sees whose presence, from the user's side: `to` means that the user sees the contact's (RFC 6121 §2.1.2.5). */
export type Subscription = 'none' | 'to' | 'from' | 'both'

/** Whether the user sees the contact's presence. */
export const sees = (subscription: Subscription | undefined): boolean =>
  subscription === 'to' || subscription === 'both'

/** Whether the contact sees the user's presence. */
export const isSeen = (subscription: Subscription | undefined): boolean =>
  subscription === 'from' || subscription === 'both'

/** Someone that a user's roster knows of. */
export interface Contact {
  /** A bare JID. */
  readonly jid: Jid
  readonly subscription: Subscription
  readonly groups: readonly string[]
  /** The contact's subscription request that waits for the user's answer: the presence stanza, serialized. */
  readonly request: string | undefined
  /** Whether the user's roster shows the contact; false for one who has asked for a subscription and is no contact yet. */
  readonly listed: boolean
}

/** A user's contacts, as they are now: changes show. */
export interface Contacts {
  /** The contact with this bare JID. */
  get(contact: Jid): Contact | undefined
  all(): Iterable<Contact>
}

/** Asks for the contacts of a user (a bare JID). */
export const contactsOf = first<[user: Jid], Contacts>('contacts of user')

/** Asks whether `contact` (a bare JID) may see the presence of `user`; without a roster nobody answers, and nobody may. */
export const maySeePresence = first<[user: Jid, contact: Jid], boolean>('may see presence')

/**
 * Fired when the subscription between a user and a contact (bare JIDs) has changed in the user's roster, whoever changed it: the change is stored
 * by then, pushed to the user's clients, and the stanza that caused it has gone where it goes.
 */
export const subscriptionChanged =
  notify<[user: Jid, contact: Jid, before: Subscription, after: Subscription]>('subscription changed')

/** The kinds of stanza that users may choose not to get; `other` is presence that is no mere notification: requests and probes. */
export type StanzaKind = 'message' | 'iq' | 'presence-in' | 'other'

/**
 * Asks whether `user`, or one session of the user when the JID is a full one, wants no stanzas of this kind from `other`. It is for what reaches a
 * client on another way than through the filters; without privacy lists nobody answers, and everything is welcome.
 */
export const isUnwanted = first<[user: Jid, other: Jid, kind: StanzaKind], boolean>('is unwanted')
