/** Last activity: when users were there, who has not been there for long, and removing those. */
import { type Jid, makeJid } from '@meerkat/protocol'
import { isXmlText } from '@meerkat/xml'
import type { Host } from '../core/host.ts'
import { type LastActivity, lastActivityOf } from '../modules/last/api.ts'
import { removeAccount } from './account.ts'
import { type ApiContext, hostOf } from './context.ts'
import { ApiError } from './errors.ts'
import { type ApiPart, resolver } from './part.ts'

const MICROS = 1_000_000

const secondsOf = (micros: number): number => Math.floor(micros / MICROS)

/** The last activity at the domain of a user who exists. */
async function activityFor(context: ApiContext, user: Jid): Promise<LastActivity> {
  const host = hostOf(context, user)
  const activity = host && lastActivityOf(host)
  if (activity === undefined || (await host?.accounts.exists(user.bare)) !== true)
    throw new ApiError('user_does_not_exist', `User ${user.bare} does not exist`, { user: user.toString() })
  return activity
}

/** Answers `getLast`, for whoever may ask about this user. */
export async function getLast({ user }: { user: Jid }, context: ApiContext): Promise<object> {
  const seen = await (await activityFor(context, user)).of(user.bare)
  if (seen === undefined)
    throw new ApiError('last_not_found', "Given user's last info not found", { user: user.toString() })
  return { user, timestamp: seen.seconds * MICROS, status: seen.status }
}

interface SetLast {
  readonly user: Jid
  readonly timestamp?: number | null
  readonly status: string
}

/** Answers `setLast`, for whoever may set it. */
export async function setLast({ user, timestamp, status }: SetLast, context: ApiContext): Promise<object> {
  const seconds = secondsOf(timestamp ?? nowOf(context))
  if (!isXmlText(status))
    throw new ApiError('invalid_status', 'The status has a character that XML cannot carry', { user: user.toString() })
  await (await activityFor(context, user)).set(user.bare, { seconds, status })
  return { user, timestamp: seconds * MICROS, status }
}

const nowOf = ({ kernel }: ApiContext): number => kernel.clock.now() * 1000

function hostAt({ kernel }: ApiContext, domain: string): Host {
  const host = kernel.hosts.of(domain)
  if (host === undefined) throw new ApiError('domain_not_found', 'Domain not found', { domain })
  return host
}

interface At {
  readonly domain: string
  readonly timestamp?: number | null
}

async function countActiveUsers({ domain, timestamp }: At, context: ApiContext): Promise<number> {
  const since = secondsOf(timestamp ?? nowOf(context))
  const activity = lastActivityOf(hostAt(context, domain))
  let count = 0
  for await (const page of activity?.at(domain) ?? [])
    for (const { seconds } of page.values()) if (seconds > since) count++
  return count
}

interface OldUsers {
  readonly domain?: string | null
  readonly timestamp: number
}

interface OldUser {
  readonly jid: Jid
  readonly timestamp: number | undefined
}

/** All domains of which last activity is kept: elsewhere everybody would look as if never there. */
function domainsOf({ kernel }: ApiContext): string[] {
  const kept = kernel.hosts.types().filter((host) => lastActivityOf(host) !== undefined)
  return kept.flatMap(({ domains }) => domains)
}

async function listOldUsers({ domain, timestamp }: OldUsers, context: ApiContext): Promise<OldUser[]> {
  const before = secondsOf(timestamp)
  const domains = domain == null ? domainsOf(context) : [domain]
  const lists: OldUser[][] = []
  for (const each of domains) lists.push(await oldUsersAt(hostAt(context, each), each, before))
  return lists.flat()
}

/** Accounts at a domain that are not connected and were there before `before` (seconds) for the last time, or never. */
async function oldUsersAt(host: Host, domain: string, before: number): Promise<OldUser[]> {
  const seen = new Map<string, number>()
  for await (const page of lastActivityOf(host)?.at(domain) ?? [])
    for (const [name, { seconds }] of page) seen.set(name, seconds)
  const names = await Promise.all(host.accounts.methods.map((method) => method.list(domain, {})))
  return [...new Set(names.flat())].toSorted().flatMap((name): OldUser[] => {
    const [jid, seconds] = [makeJid(name, domain), seen.get(name)]
    if (host.directory.of(jid).length > 0 || (seconds !== undefined && seconds >= before)) return []
    return [{ jid, timestamp: seconds === undefined ? undefined : seconds * MICROS }]
  })
}

async function removeOldUsers(args: OldUsers, context: ApiContext): Promise<OldUser[]> {
  const removed: OldUser[] = []
  for (const user of await listOldUsers(args, context)) {
    const host = hostAt(context, user.jid.domain)
    // Who has come back meanwhile is not old.
    if (host.directory.of(user.jid).length > 0) continue
    if (await removeAccount(context, host, user.jid)) removed.push(user)
  }
  return removed
}

/** What `getLast` and `setLast` answer, in every schema. */
export const LAST_TYPES = `
"When a user was last there."
type LastActivity @protected {
  user: JID!
  timestamp: DateTime!
  "The status with which the user has left"
  status: String!
}
`

/** The part with the category `last`. */
export const lastPart: ApiPart = {
  category: 'last',
  sdl: `
extend type AdminQuery {
  "Last activity"
  last: LastAdminQuery @protected
}

extend type AdminMutation {
  "Last activity"
  last: LastAdminMutation @protected
}

"Reads last activity."
type LastAdminQuery {
  "Get when a user was last there, and with which status the user has left"
  getLast(user: JID!): LastActivity
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_last"], args: ["user"])
  "Count the users who have left after a date; now, when it is omitted"
  countActiveUsers(domain: DomainName!, timestamp: DateTime): Int
    @protected(type: DOMAIN, args: ["domain"])
    @use(modules: ["mod_last"], args: ["domain"])
  "List users who are not connected and were last there before a date, or never: of a domain, or of all"
  listOldUsers(domain: DomainName, timestamp: DateTime!): [OldUser!]
    @protected(type: DOMAIN, args: ["domain"])
    @use(modules: ["mod_last"], args: ["domain"])
}

"Changes last activity."
type LastAdminMutation {
  "Set when a user was last there (now, when omitted), and the status"
  setLast(user: JID!, timestamp: DateTime, status: String!): LastActivity
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_last"], args: ["user"])
  "Remove the users whom listOldUsers lists, with everything that is kept of them"
  removeOldUsers(domain: DomainName, timestamp: DateTime!): [OldUser!]
    @protected(type: DOMAIN, args: ["domain"])
    @use(modules: ["mod_last"], args: ["domain"])
}

"A user who was not there for long."
type OldUser @protected {
  jid: JID!
  "Null for a user who was never there"
  timestamp: DateTime
}
${LAST_TYPES}`,
  resolvers: {
    LastAdminQuery: {
      getLast: resolver(getLast),
      countActiveUsers: resolver(countActiveUsers),
      listOldUsers: resolver(listOldUsers),
    },
    LastAdminMutation: {
      setLast: resolver(setLast),
      removeOldUsers: resolver(removeOldUsers),
    },
  },
}
