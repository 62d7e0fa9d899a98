/** Rosters: the contacts of users, and who sees whose presence. */
import type { Jid } from '@meerkat/protocol'
import type { ApiContext } from './context.ts'
import { type ApiPart, resolver } from './part.ts'
import {
  type ContactInput,
  type SubAction,
  addContact,
  deleteContact,
  disconnect,
  each,
  getContact,
  listContacts,
  requireFew,
  subscribeBoth,
  subscription,
} from './roster-work.ts'

interface Mutual {
  readonly userA: Jid
  readonly userB: Jid
  readonly action: 'CONNECT' | 'DISCONNECT'
}

const setMutualSubscription = ({ userA, userB, action }: Mutual, context: ApiContext): Promise<string> =>
  action === 'CONNECT' ? subscribeBoth(context, { jid: userA }, { jid: userB }) : disconnect(context, userA, userB)

type Contacts = { readonly contacts: readonly ContactInput[] }
type OfUser = { readonly user: Jid }
type WithContact = { readonly contact: Jid }

const subscribeToAll = ({ user, contacts }: Contacts & { user: ContactInput }, context: ApiContext) =>
  each(contacts, (contact) => subscribeBoth(context, user, contact))

function subscribeAllToAll({ contacts }: Contacts, context: ApiContext) {
  requireFew((contacts.length * (contacts.length - 1)) / 2)
  const pairs = contacts.flatMap((one, index) => contacts.slice(index + 1).map((other) => [one, other] as const))
  return each(pairs, ([one, other]) => subscribeBoth(context, one, other))
}

/** What is told of contacts, in every schema. */
export const ROSTER_TYPES = `
"A contact to add"
input ContactInput {
  jid: JID!
  name: String!
  groups: [String!]
}

"Someone in a user's roster."
type Contact @protected {
  jid: JID!
  name: String
  groups: [String!]
  "Who sees whose presence"
  subscription: ContactSub
  "Who has asked whom, without an answer yet"
  ask: ContactAsk
}

"Who sees whose presence (RFC 6121 §2.1.2.5)."
enum ContactSub {
  NONE
  "Each sees the other"
  BOTH
  "The contact sees the user"
  FROM
  "The user sees the contact"
  TO
}

"Requests without an answer."
enum ContactAsk {
  SUBSCRIBE
  UNSUBSCRIBE
  "The contact has asked"
  IN
  "The user has asked"
  OUT
  "Both have asked"
  BOTH
  NONE
}

"What to do about a subscription."
enum SubAction {
  "Ask to see the contact's presence"
  INVITE
  "Let the contact see the user's presence"
  ACCEPT
  "Refuse that, or end it"
  DECLINE
  "No longer see the contact's presence"
  CANCEL
}
`

/** The part with the category `roster`. */
export const rosterPart: ApiPart = {
  category: 'roster',
  sdl: `
extend type AdminQuery {
  "Rosters of users"
  roster: RosterAdminQuery @protected
}

extend type AdminMutation {
  "Rosters of users"
  roster: RosterAdminMutation @protected
}

"Reads rosters."
type RosterAdminQuery {
  "List a user's contacts"
  listContacts(user: JID!): [Contact!]
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_roster"], args: ["user"])
  "Get one contact of a user"
  getContact(user: JID!, contact: JID!): Contact
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_roster"], args: ["user"])
}

"Changes rosters."
type RosterAdminMutation {
  "Add a contact to a user's roster, without a subscription"
  addContact(user: JID!, contact: JID!, name: String, groups: [String!]): String
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_roster"], args: ["user"])
  "Add contacts to a user's roster, without subscriptions"
  addContacts(user: JID!, contacts: [ContactInput!]!): [String]
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_roster"], args: ["user"])
  "Ask for a subscription in the name of a user, answer one, or end one"
  subscription(user: JID!, contact: JID!, action: SubAction!): String
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_roster"], args: ["user"])
  "Remove a contact from a user's roster"
  deleteContact(user: JID!, contact: JID!): String
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_roster"], args: ["user"])
  "Remove contacts from a user's roster"
  deleteContacts(user: JID!, contacts: [JID!]!): [String]
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_roster"], args: ["user"])
  "Make two users contacts who see each other, or no contacts any more"
  setMutualSubscription(userA: JID!, userB: JID!, action: MutualSubAction!): String
    @protected(type: DOMAIN, args: ["userA", "userB"])
    @use(modules: ["mod_roster"], args: ["userA", "userB"])
  "Make a user and each of these contacts see each other"
  subscribeToAll(user: ContactInput!, contacts: [ContactInput!]!): [String]
    @protected(type: DOMAIN, args: ["user.jid", "contacts.jid"])
    @use(modules: ["mod_roster"], args: ["user.jid"])
  "Make all of these contacts see each other"
  subscribeAllToAll(contacts: [ContactInput!]!): [String]
    @protected(type: DOMAIN, args: ["contacts.jid"])
    @use(modules: ["mod_roster"], args: ["contacts.jid"])
}

"What two users are to each other."
enum MutualSubAction {
  "Contacts who see each other"
  CONNECT
  "No contacts"
  DISCONNECT
}
${ROSTER_TYPES}`,
  resolvers: {
    RosterAdminQuery: {
      listContacts: resolver(({ user }: OfUser, context) => listContacts(context, user)),
      getContact: resolver(({ user, contact }: OfUser & WithContact, context) => getContact(context, user, contact)),
    },
    RosterAdminMutation: {
      addContact: resolver(({ user, contact: jid, ...more }: OfUser & WithContact, context) =>
        addContact(context, user, { jid, ...more }),
      ),
      addContacts: resolver(({ user, contacts }: OfUser & Contacts, context) =>
        each(contacts, (contact) => addContact(context, user, contact)),
      ),
      subscription: resolver(({ user, contact, action }: OfUser & WithContact & { action: SubAction }, context) =>
        subscription(context, user, contact, action),
      ),
      deleteContact: resolver(({ user, contact }: OfUser & WithContact, context) =>
        deleteContact(context, user, contact),
      ),
      deleteContacts: resolver(({ user, contacts }: OfUser & { contacts: readonly Jid[] }, context) =>
        each(contacts, (contact) => deleteContact(context, user, contact)),
      ),
      setMutualSubscription: resolver(setMutualSubscription),
      subscribeToAll: resolver(subscribeToAll),
      subscribeAllToAll: resolver(subscribeAllToAll),
    },
  },
}
