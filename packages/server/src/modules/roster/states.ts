/**
 * RFC 6121 Appendix A: what becomes of a subscription when a subscription stanza leaves for the contact or arrives from the contact.
 * Its eight tables follow from these rules; the test has the tables.
 */

/** The four presence types that manage subscriptions (RFC 6121 §3). */
export type SubscriptionType = 'subscribe' | 'subscribed' | 'unsubscribe' | 'unsubscribed'

/** One of the nine states of Appendix A.1, from the user's side. */
export interface State {
  /** The user is subscribed to the contact. */
  readonly to: boolean
  /** The contact is subscribed to the user. */
  readonly from: boolean
  /** The user's request waits for the contact ("Pending Out"). */
  readonly out: boolean
  /** The contact's request waits for the user ("Pending In"). */
  readonly in: boolean
}

/** What a stanza does. */
export interface Outcome {
  /** Whether the stanza goes on: to the contact when it is outbound, to the user when it is inbound. */
  readonly passes: boolean
  readonly state: State
}

/** RFC 6121 §A.2: the user sends a subscription stanza to the contact. */
export function outbound(type: SubscriptionType, state: State): Outcome {
  switch (type) {
    case 'subscribe':
      return { passes: true, state: { ...state, out: !state.to } }
    case 'unsubscribe':
      return { passes: true, state: { ...state, to: false, out: false } }
    case 'subscribed':
      return state.in ? { passes: true, state: { ...state, from: true, in: false } } : stays(state)
    case 'unsubscribed':
      return state.in || state.from ? { passes: true, state: { ...state, from: false, in: false } } : stays(state)
  }
}

/** RFC 6121 §A.3: a subscription stanza arrives from the contact. */
export function inbound(type: SubscriptionType, state: State): Outcome {
  switch (type) {
    case 'subscribe':
      return state.in || state.from ? stays(state) : { passes: true, state: { ...state, in: true } }
    case 'unsubscribe':
      return state.in || state.from ? { passes: true, state: { ...state, from: false, in: false } } : stays(state)
    case 'subscribed':
      return state.out ? { passes: true, state: { ...state, to: true, out: false } } : stays(state)
    case 'unsubscribed':
      return state.out || state.to ? { passes: true, state: { ...state, to: false, out: false } } : stays(state)
  }
}

/** The stanza goes no further, and nothing changes. */
const stays = (state: State): Outcome => ({ passes: false, state })

/** The subscription type of a presence; undefined when its type is another. */
export function subscriptionType(type: string | undefined): SubscriptionType | undefined {
  const known = type === 'subscribe' || type === 'subscribed' || type === 'unsubscribe' || type === 'unsubscribed'
  return known ? type : undefined
}
