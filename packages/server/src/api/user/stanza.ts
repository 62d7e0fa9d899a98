/** Stanzas of a user: sending them in the own name, and reading the own archive. */
import type { Jid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type ApiContext, callerOf } from '../context.ts'
import { ApiError } from '../errors.ts'
import { type ApiPart, resolver, stream } from '../part.ts'
import {
  type HeadLine,
  type LastMessages,
  STANZA_TYPES,
  getLastMessages,
  readStanza,
  send,
  sendMessage,
  sendMessageHeadLine,
  subscribeForMessages,
} from '../stanza.ts'

/** S3: nobody sends in another's name. */
function sender(from: Jid | null | undefined, context: ApiContext): Jid {
  const caller = callerOf(context)
  if (from == null || from.bare.equals(caller)) return from ?? caller
  throw new ApiError('invalid_sender', "Sender's JID is different from the user's JID")
}

type Unsigned<A extends { readonly from: Jid }> = Omit<A, 'from'> & { readonly from?: Jid | null }

const message = (args: Unsigned<Parameters<typeof sendMessage>[0]>, context: ApiContext) =>
  sendMessage({ ...args, from: sender(args.from, context) }, context)

const headLine = (args: Unsigned<HeadLine>, context: ApiContext) =>
  sendMessageHeadLine({ ...args, from: sender(args.from, context) }, context)

function sendStanza(args: { stanza?: Element | null }, context: ApiContext) {
  const { stanza, from, to } = readStanza(args.stanza)
  return send(context, stanza, sender(from, context), to)
}

const lastMessages = (args: Omit<LastMessages, 'caller'>, context: ApiContext) =>
  getLastMessages({ ...args, caller: callerOf(context) }, context)

/** The part with the category `stanza`. */
export const stanzaUserPart: ApiPart = {
  category: 'stanza',
  sdl: `
extend type UserQuery {
  "Sending stanzas and reading the own archive"
  stanza: StanzaUserQuery @protected
}

extend type UserMutation {
  "Sending stanzas and reading the own archive"
  stanza: StanzaUserMutation @protected
}

extend type UserSubscription {
  "Sending stanzas and reading the own archive"
  stanza: StanzaUserSubscription @protected
}

"Reads the own archive."
type StanzaUserQuery @protected {
  "Get the latest messages: all of them, or those exchanged with somebody, or those before a date"
  getLastMessages(with: JID, limit: PosInt = 50, before: DateTime): StanzasPayload @use(modules: ["mod_mam_pm"])
}

"Sends stanzas in the own name."
type StanzaUserMutation @protected {
  "Send a chat message"
  sendMessage(from: JID, to: JID!, body: String!): SendStanzaPayload
  "Send a headline message"
  sendMessageHeadLine(from: JID, to: JID!, subject: String, body: String): SendStanzaPayload
  "Send any stanza"
  sendStanza(stanza: XmlElement): SendStanzaPayload
}

"Watches stanzas."
type StanzaUserSubscription @protected {
  "Watch the messages that one receives"
  subscribeForMessages: StanzaMap
}
${STANZA_TYPES}`,
  resolvers: {
    StanzaUserQuery: { getLastMessages: resolver(lastMessages) },
    StanzaUserMutation: {
      sendMessage: resolver(message),
      sendMessageHeadLine: resolver(headLine),
      sendStanza: resolver(sendStanza),
    },
  },
  streams: {
    StanzaUserSubscription: {
      subscribeForMessages: stream((_args, context) => subscribeForMessages({ caller: callerOf(context) }, context)),
    },
  },
}
