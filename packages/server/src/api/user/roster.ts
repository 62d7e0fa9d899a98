/** A user's own roster. */
import type { Jid } from '@meerkat/protocol'
import { callerOf } from '../context.ts'
import { type ApiPart, resolver } from '../part.ts'
import { ROSTER_TYPES } from '../roster.ts'
import {
  type ContactInput,
  type SubAction,
  addContact,
  deleteContact,
  each,
  getContact,
  listContacts,
  subscription,
} from '../roster-work.ts'

type WithContact = { readonly contact: Jid }

/** The part with the category `roster`. */
export const rosterUserPart: ApiPart = {
  category: 'roster',
  sdl: `
extend type UserQuery {
  "The own roster"
  roster: RosterUserQuery @protected
}

extend type UserMutation {
  "The own roster"
  roster: RosterUserMutation @protected
}

"Reads the own roster."
type RosterUserQuery @protected @use(modules: ["mod_roster"]) {
  "List the contacts"
  listContacts: [Contact!]
  "Get one contact"
  getContact(contact: JID!): Contact
}

"Changes the own roster."
type RosterUserMutation @protected @use(modules: ["mod_roster"]) {
  "Add a contact, without a subscription"
  addContact(contact: JID!, name: String, groups: [String!]): String
  "Add contacts, without subscriptions"
  addContacts(contacts: [ContactInput!]!): [String]
  "Ask for a subscription, answer one, or end one"
  subscription(contact: JID!, action: SubAction!): String
  "Remove a contact"
  deleteContact(contact: JID!): String
  "Remove contacts"
  deleteContacts(contacts: [JID!]!): [String]
}
${ROSTER_TYPES}`,
  resolvers: {
    RosterUserQuery: {
      listContacts: resolver((_args, context) => listContacts(context, callerOf(context))),
      getContact: resolver(({ contact }: WithContact, context) => getContact(context, callerOf(context), contact)),
    },
    RosterUserMutation: {
      addContact: resolver(({ contact: jid, ...more }: WithContact, context) =>
        addContact(context, callerOf(context), { jid, ...more }),
      ),
      addContacts: resolver(({ contacts }: { contacts: readonly ContactInput[] }, context) =>
        each(contacts, (contact) => addContact(context, callerOf(context), contact)),
      ),
      subscription: resolver(({ contact, action }: WithContact & { action: SubAction }, context) =>
        subscription(context, callerOf(context), contact, action),
      ),
      deleteContact: resolver(({ contact }: WithContact, context) =>
        deleteContact(context, callerOf(context), contact),
      ),
      deleteContacts: resolver(({ contacts }: { contacts: readonly Jid[] }, context) =>
        each(contacts, (contact) => deleteContact(context, callerOf(context), contact)),
      ),
    },
  },
}
