/** Stanzas: sending them on the way that every stanza takes, and reading the latest messages of an archive. */
import { randomBytes } from 'node:crypto'
import { Body, type Jid, Message, StanzaError, Subject, tryJid } from '@meerkat/protocol'
import { Element } from '@meerkat/xml'
import { archiveReader } from './archive.ts'
import { type ApiContext, hostOf, sharedOrNone } from './context.ts'
import { ApiError } from './errors.ts'
import { messageStream } from './message-stream.ts'
import { type ApiPart, resolver, stream } from './part.ts'
import { trafficStream } from './traffic-stream.ts'
import { requireWritable } from './writable.ts'

/** The most messages that one call of getLastMessages gives. */
const MAX_MESSAGES = 500

const newId = (): string => randomBytes(8).toString('hex')

async function requireUser(context: ApiContext, user: Jid, details: object): Promise<void> {
  const host = hostOf(context, user)
  if (host === undefined) throw new ApiError('unknown_user', "User's domain does not exist", { ...details })
  if (!(await host.accounts.exists(user.bare)))
    throw new ApiError('unknown_user', 'User does not exist', { ...details })
}

/** Sends on behalf of a local user; resolves when what the stanza leaves behind is stored. Its refusal is the caller's error. */
export async function send(context: ApiContext, stanza: Element, from: Jid, to: Jid): Promise<{ id: string }> {
  await requireUser(context, from, { from: from.toString() })
  requireWritable(stanza, { from: from.toString(), to: to.toString() })
  const given = stanza.attr('id')
  const id = given === undefined || given === '' ? newId() : given
  try {
    await context.kernel.router.submit(stanza.with({ id }), from, to, 'api')
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error
    throw new ApiError(error.condition.replaceAll('-', '_'), error.text ?? error.condition, {
      from: from.toString(),
      to: to.toString(),
      id,
    })
  }
  return { id }
}

/** Answers `sendMessage`, for whoever may send in the name of `from`. */
export const sendMessage = ({ from, to, body }: { from: Jid; to: Jid; body: string }, context: ApiContext) =>
  send(context, Message({ type: 'chat', from, to }, Body({}, body)), from, to)

/** What `sendMessageHeadLine` is told. */
export interface HeadLine {
  readonly from: Jid
  readonly to: Jid
  readonly subject?: string | null
  readonly body?: string | null
}

/** Answers `sendMessageHeadLine`, for whoever may send in the name of `from`. */
export function sendMessageHeadLine({ from, to, subject, body }: HeadLine, context: ApiContext) {
  const message = Message(
    { type: 'headline', from, to },
    subject == null ? undefined : Subject({}, subject),
    body == null ? undefined : Body({}, body),
  )
  return send(context, message, from, to)
}

/** A stanza to send, and the addresses that stand in it. */
export interface Written {
  readonly stanza: Element
  readonly from: Jid | undefined
  readonly to: Jid
}

/** Reads a stanza for `sendStanza`; throws ApiError when it names nobody to send it to, or is none. */
export function readStanza(stanza: Element | null | undefined): Written {
  if (stanza == null) throw new ApiError('no_sender', 'Missing sender JID')
  const [from, to] = [stanza.attr('from'), stanza.attr('to')]
  const sender = tryJid(from)
  const recipient = tryJid(to)
  if (from !== undefined && sender === undefined) throw new ApiError('invalid_sender', 'Invalid sender JID')
  if (to === undefined) throw new ApiError('no_recipient', 'Missing recipient JID')
  if (recipient === undefined) throw new ApiError('invalid_recipient', 'Invalid recipient JID')
  return { stanza: asStanza(stanza), from: sender, to: recipient }
}

/** The sender and the recipient are read from the stanza itself. */
function sendStanza(args: { stanza?: Element | null }, context: ApiContext) {
  const { stanza, from, to } = readStanza(args.stanza)
  if (from === undefined) throw new ApiError('no_sender', 'Missing sender JID')
  return send(context, stanza, from, to)
}

/** A stanza written without a namespace is one of a client stream; nothing else can be routed. */
function asStanza(element: Element): Element {
  const stanza = element.ns === '' ? inNamespace(element, Message.ns) : element
  const isStanza = stanza.name === 'message' || stanza.name === 'presence' || stanza.name === 'iq'
  if (!isStanza || stanza.ns !== Message.ns)
    throw new ApiError('invalid_stanza', 'Only a message, a presence or an iq can be sent')
  return stanza
}

/** The same tree with `ns` where no namespace was written. */
function inNamespace(element: Element, ns: string): Element {
  if (element.ns !== '') return element
  const children = element.children.map((child) => (typeof child === 'string' ? child : inNamespace(child, ns)))
  return new Element(element.name, ns, element.attrs, children)
}

/** What `getLastMessages` is told. */
export interface LastMessages {
  readonly caller: Jid
  readonly with?: Jid | null
  readonly limit?: number | null
  readonly before?: number | null
}

/** Answers `getLastMessages`, for whoever may read the archive of `caller`. */
export async function getLastMessages(args: LastMessages, context: ApiContext) {
  await requireUser(context, args.caller, { user: args.caller.toString() })
  const limit = Math.min(args.limit ?? 50, MAX_MESSAGES)
  const messages = await sharedOrNone(context.kernel, archiveReader)?.last(args.caller.bare, {
    ...(args.with == null ? {} : { with: args.with }),
    ...(args.before == null ? {} : { before: args.before }),
    limit,
  })
  const stanzas = (messages ?? []).map(({ sender, timestamp, id, stanza }) => ({
    sender,
    timestamp,
    stanza_id: id,
    stanza,
  }))
  return { stanzas, limit }
}

/** Opens the stream of `subscribeForMessages`, for whoever may read what `caller` gets. */
export async function subscribeForMessages(
  { caller }: { caller: Jid },
  context: ApiContext,
): Promise<AsyncIterable<unknown>> {
  await requireUser(context, caller, { caller: caller.toString() })
  return messageStream(context.kernel, caller.bare)
}

const subscribeForTraffic = async ({ limit }: { limit?: number | null }, { kernel }: ApiContext) =>
  trafficStream(kernel, limit ?? undefined)

/** What is told of stanzas, in every schema. */
export const STANZA_TYPES = `
"A page of messages."
type StanzasPayload @protected {
  stanzas: [StanzaMap]
  "How many there were at most"
  limit: Int
}

"A message with what is known about it."
type StanzaMap @protected {
  sender: JID
  timestamp: DateTime
  "The archive's id"
  stanza_id: String
  stanza: XmlElement
}

"A stanza that was sent."
type SendStanzaPayload @protected {
  id: ID
}
`

/** The part with the category `stanza`. */
export const stanzaPart: ApiPart = {
  category: 'stanza',
  sdl: `
extend type AdminQuery {
  "Sending stanzas and reading archives"
  stanza: StanzaAdminQuery @protected
}

extend type AdminMutation {
  "Sending stanzas and reading archives"
  stanza: StanzaAdminMutation @protected
}

extend type AdminSubscription {
  "Sending stanzas and reading archives"
  stanza: StanzaAdminSubscription @protected
}

"Watches stanzas."
type StanzaAdminSubscription {
  "Watch the messages that a user receives"
  subscribeForMessages(caller: JID!): StanzaMap @protected(type: DOMAIN, args: ["caller"])
  "Watch everything that logged-in clients send and get; ends behind so many elements, if a limit is given"
  subscribeForTraffic(limit: Int): TraceMap @protected(type: GLOBAL) @use(services: ["service_traffic"])
}

"An element between a client and the server"
type TraceMap @protected {
  "The connection"
  pid: String
  "The client's full JID"
  jid: JID
  timestamp: DateTime
  "Its way: client_to_server or server_to_client"
  dir: String
  "The element as it was written"
  stanza: String
}

"Reads archives."
type StanzaAdminQuery {
  "Get a user's latest messages: all of them, or those exchanged with somebody, or those before a date"
  getLastMessages(caller: JID!, with: JID, limit: PosInt = 50, before: DateTime): StanzasPayload
    @protected(type: DOMAIN, args: ["caller"])
    @use(modules: ["mod_mam_pm"], args: ["caller"])
}

"Sends stanzas."
type StanzaAdminMutation {
  "Send a chat message"
  sendMessage(from: JID!, to: JID!, body: String!): SendStanzaPayload @protected(type: DOMAIN, args: ["from"])
  "Send a headline message"
  sendMessageHeadLine(from: JID!, to: JID!, subject: String, body: String): SendStanzaPayload
    @protected(type: DOMAIN, args: ["from"])
  "Send any stanza; only for the global admin"
  sendStanza(stanza: XmlElement): SendStanzaPayload @protected(type: GLOBAL)
}

${STANZA_TYPES}`,
  resolvers: {
    StanzaAdminQuery: { getLastMessages: resolver(getLastMessages) },
    StanzaAdminMutation: {
      sendMessage: resolver(sendMessage),
      sendMessageHeadLine: resolver(sendMessageHeadLine),
      sendStanza: resolver(sendStanza),
    },
  },
  streams: {
    StanzaAdminSubscription: {
      subscribeForMessages: stream(subscribeForMessages),
      subscribeForTraffic: stream(subscribeForTraffic),
    },
  },
}
