/** Sessions: who is connected, with which presence, and how to end it. */
import { type Jid, Presence, Priority, Show, Status, StreamError } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import type { SessionEntry } from '../core/directory.ts'
import { type ApiContext, hostOf } from './context.ts'
import { ApiError } from './errors.ts'
import { type ApiPart, resolver } from './part.ts'
import { requireWritable } from './writable.ts'

/** The sessions of a domain, or all. */
function entriesAt({ kernel }: ApiContext, domain: string | null | undefined, details: object = {}): SessionEntry[] {
  if (domain == null) return kernel.directory.all()
  if (kernel.hosts.of(domain) === undefined)
    throw new ApiError('domain_not_found', 'Domain not found', { domain, ...details })
  return kernel.directory.all().filter((entry) => entry.jid.domain === domain)
}

/** A user's sessions, oldest first; throws, with `details` of the question, when there is no such user. */
export async function entriesOf(
  context: ApiContext,
  user: Jid,
  details: object = { jid: user.toString() },
): Promise<readonly SessionEntry[]> {
  const host = hostOf(context, user)
  if (host === undefined) throw new ApiError('user_not_found', "User's domain does not exist", { ...details })
  if (!(await host.accounts.exists(user.bare)))
    throw new ApiError('user_not_found', 'Given user does not exist', { ...details })
  return context.kernel.directory.of(user)
}

/** A session as the API tells it. */
export function describe(entry: SessionEntry, context: ApiContext): object {
  const connection = entry.local?.connection ?? entry.origin
  return {
    user: entry.jid,
    connection: connection?.kind ?? null,
    // A stream of events has none.
    ip: connection?.ip || null,
    port: connection?.port || null,
    priority: entry.priority ?? null,
    node: entry.node,
    uptime: Math.max(0, Math.floor((context.kernel.clock.now() - entry.openedAt) / 1000)),
  }
}

/** `available` or what `<show/>` says (RFC 6121 §4.7.2.1); `unavailable` before the first presence. */
function statusOf(entry: SessionEntry): string {
  if (entry.presence === undefined) return 'unavailable'
  return text(Show.in(entry.presence)) || 'available'
}

const withStatus = ({ domain, status }: { domain?: string | null; status: string }, context: ApiContext) =>
  entriesAt(context, domain, { status })
    .filter((entry) => statusOf(entry) === status)
    .map((entry) => ({
      user: entry.jid,
      priority: entry.priority ?? null,
      text: entry.presence === undefined ? '' : text(Status.in(entry.presence)),
    }))

async function getUserResource({ user, number }: { user: Jid; number: number }, context: ApiContext): Promise<string> {
  const details = { user: user.toString(), number }
  const entry = (await entriesOf(context, user, details))[number - 1]
  if (entry === undefined) throw new ApiError('wrong_res_number', `Wrong resource number: ${number}`, details)
  return entry.jid.resource
}

/** Ends one session, at whatever node. */
async function kick(entry: SessionEntry, reason: string | null | undefined, context: ApiContext): Promise<object> {
  const { jid } = entry
  const words = reason || 'Kicked by administrator'
  if ((await context.kernel.endEntry(entry, 'kicked', new StreamError('conflict', words))) === false)
    return { jid, kicked: false, code: 'no_session', message: 'The session has gone' }
  return { jid, kicked: true, code: null, message: 'Session kicked' }
}

async function kickUserSession({ user, reason }: { user: Jid; reason?: string | null }, context: ApiContext) {
  const details = { jid: user.toString(), reason: reason ?? null }
  const entries = await entriesOf(context, user, details)
  const entry = entries.find((candidate) => candidate.jid.resource === user.resource)
  if (entry === undefined) throw new ApiError('no_session', 'No active session', details)
  return kick(entry, reason, context)
}

async function kickUser({ user, reason }: { user: Jid; reason?: string | null }, context: ApiContext) {
  const entries = await entriesOf(context, user, { jid: user.toString(), reason: reason ?? null })
  return Promise.all(entries.map((entry) => kick(entry, reason, context)))
}

interface PresenceArgs {
  readonly user: Jid
  readonly type: string
  readonly show?: string | null
  readonly status?: string | null
  readonly priority?: number | null
}

/** Lets a session say a presence, as if its client had. */
async function setPresence(args: PresenceArgs, context: ApiContext) {
  const { user } = args
  const details = { jid: user.toString() }
  if (user.resource === '')
    throw new ApiError('empty_resource', 'The resource is empty. You need to provide a full JID', details)
  const entry = (await entriesOf(context, user)).find((candidate) => candidate.jid.resource === user.resource)
  if (entry === undefined) throw new ApiError('no_session', 'No active session', details)
  const isOwn = args.type === 'AVAILABLE' || args.type === 'UNAVAILABLE'
  const presence = Presence(
    {
      from: entry.jid,
      to: isOwn ? undefined : user.bare,
      type: args.type === 'AVAILABLE' ? undefined : args.type.toLowerCase(),
    },
    args.show == null || args.show === 'ONLINE' ? undefined : Show({}, args.show.toLowerCase()),
    args.status == null || args.status === '' ? undefined : Status({}, args.status),
    args.priority == null ? undefined : Priority({}, String(args.priority)),
  )
  requireWritable(presence, details)
  if (!(await context.kernel.say(entry, presence))) throw new ApiError('no_session', 'No active session', details)
  return { jid: user, message: 'Presence set successfully' }
}

type AtDomain = { domain?: string | null }
type OfUser = { user: Jid }

/** What is told of sessions, in every schema. */
export const SESSION_TYPES = `
"A connected resource."
type Session @protected {
  user: JID!
  "How it is connected, such as c2s"
  connection: String
  ip: String
  port: Int
  priority: Int
  "The node that it is connected to"
  node: String
  "How long it has been connected, in seconds"
  uptime: Int
}
`

/** The part with the category `session`. */
export const sessionPart: ApiPart = {
  category: 'session',
  sdl: `
extend type AdminQuery {
  "User session management"
  session: SessionAdminQuery @protected
}

extend type AdminMutation {
  "User session management"
  session: SessionAdminMutation @protected
}

"Reads sessions."
type SessionAdminQuery {
  "List the sessions of a domain, or of all domains"
  listSessions(domain: DomainName): [Session!] @protected(type: DOMAIN, args: ["domain"])
  "Count the sessions of a domain, or of all domains"
  countSessions(domain: DomainName): Int @protected(type: DOMAIN, args: ["domain"])
  "List a user's sessions"
  listUserSessions(user: JID!): [Session!] @protected(type: DOMAIN, args: ["user"])
  "Count a user's connected resources"
  countUserResources(user: JID!): Int @protected(type: DOMAIN, args: ["user"])
  "Get the resource of a user's n-th session"
  getUserResource(user: JID!, number: PosInt!): ResourceName @protected(type: DOMAIN, args: ["user"])
  "List the sessions with a status, of a domain or of all domains"
  listUsersWithStatus(domain: DomainName, status: NonEmptyString!): [UserStatus!]
    @protected(type: DOMAIN, args: ["domain"])
  "Count the sessions with a status, of a domain or of all domains"
  countUsersWithStatus(domain: DomainName, status: NonEmptyString!): Int @protected(type: DOMAIN, args: ["domain"])
}

"Changes sessions."
type SessionAdminMutation {
  "End one session of a user"
  kickUserSession(user: FullJID!, reason: String): KickUserResult @protected(type: DOMAIN, args: ["user"])
  "End all sessions of a user"
  kickUser(user: BareJID!, reason: String): [KickUserResult!] @protected(type: DOMAIN, args: ["user"])
  "Set the presence of a session; the address must have a resource"
  setPresence(user: JID!, type: PresenceType!, show: PresenceShow, status: String, priority: Int): SessionPayload
    @protected(type: DOMAIN, args: ["user"])
}

"The type of a presence (RFC 6121 §4.7.1)."
enum PresenceType {
  AVAILABLE
  ERROR
  PROBE
  SUBSCRIBE
  SUBSCRIBED
  UNAVAILABLE
  UNSUBSCRIBE
  UNSUBSCRIBED
}

"What a presence shows (RFC 6121 §4.7.2.1); ONLINE is a presence without show."
enum PresenceShow {
  ONLINE
  AWAY
  CHAT
  DND
  XA
}

"What became of a session."
type KickUserResult @protected {
  jid: JID!
  kicked: Boolean!
  "Why it was not ended"
  code: String
  message: String!
}

"What became of a session."
type SessionPayload @protected {
  jid: JID!
  message: String!
}

"The presence of a session."
type UserStatus @protected {
  user: JID!
  priority: Int
  text: String
}
${SESSION_TYPES}`,
  resolvers: {
    SessionAdminQuery: {
      listSessions: resolver(({ domain }: AtDomain, context) =>
        entriesAt(context, domain).map((entry) => describe(entry, context)),
      ),
      countSessions: resolver(({ domain }: AtDomain, context) => entriesAt(context, domain).length),
      listUserSessions: resolver(async ({ user }: OfUser, context) =>
        (await entriesOf(context, user, { user: user.toString() })).map((entry) => describe(entry, context)),
      ),
      countUserResources: resolver(async ({ user }: OfUser, context) => (await entriesOf(context, user)).length),
      getUserResource: resolver(getUserResource),
      listUsersWithStatus: resolver(withStatus),
      countUsersWithStatus: resolver(
        (args: { domain?: string | null; status: string }, context) => withStatus(args, context).length,
      ),
    },
    SessionAdminMutation: {
      kickUserSession: resolver(kickUserSession),
      kickUser: resolver(kickUser),
      setPresence: resolver(setPresence),
    },
  },
}
