/** Accounts: listing, checking, registering, removing, banning and importing users. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { type Jid, StreamError, makeJid } from '@meerkat/protocol'
import { AccountError, accountRegistered } from '../core/accounts.ts'
import type { Host } from '../core/host.ts'
import { type ImportSummary, importAccounts } from './account-import.ts'
import { type ApiContext, hostOf, sharedOrNone } from './context.ts'
import { ApiError } from './errors.ts'
import { nodeControl } from './node-control.ts'
import { type ApiPart, resolver } from './part.ts'

const NOT_AUTHORISED = 'User does not exist or you are not authorized properly'

const fail = (user: Jid, code: string, message: string): never => {
  throw new ApiError(code, message, { jid: user.toString() })
}

function hostAt(context: ApiContext, domain: string): Host {
  const host = context.kernel.hosts.of(domain)
  if (host === undefined) throw new ApiError('domain_not_found', 'Domain does not exist', { domain })
  return host
}

const exists = async (context: ApiContext, user: Jid): Promise<boolean> =>
  (await hostOf(context, user)?.accounts.exists(user.bare)) === true

async function listUsers(
  { domain, limit, index }: { domain: string; limit?: number | null; index?: number | null },
  context: ApiContext,
): Promise<string[]> {
  const { accounts } = hostAt(context, domain)
  const from = index ?? 0
  // One more than the answer may have, so that it is refused without reading the others.
  const most = Math.min(limit ?? Infinity, (context.budget?.left ?? Infinity) + 1)
  const wanted = most === Infinity ? undefined : from + most
  // Every method lists its own users; the page is cut from all of them in order.
  const lists = await Promise.all(
    accounts.methods.map((method) => method.list(domain, wanted === undefined ? {} : { limit: wanted })),
  )
  const names = [...new Set(lists.flat())].toSorted()
  return names.slice(from, wanted).map((name) => makeJid(name, domain).toString())
}

/** How many accounts a domain has. */
export async function countAccounts({ accounts }: Host, domain: string): Promise<number> {
  const counts = await Promise.all(accounts.methods.map((method) => method.count(domain)))
  return counts.reduce((sum, count) => sum + count, 0)
}

const countUsers = ({ domain }: { domain: string }, context: ApiContext): Promise<number> =>
  countAccounts(hostAt(context, domain), domain)

async function checkUser({ user }: { user: Jid }, context: ApiContext) {
  const exist = await exists(context, user)
  return { exist, message: `User ${user} ${exist ? 'exists' : 'does not exist'}` }
}

async function checkPassword({ user, password }: { user: Jid; password: string }, context: ApiContext) {
  const host = hostOf(context, user)
  if (host === undefined || !(await host.accounts.exists(user.bare)))
    return fail(
      user,
      'user_does_not_exist',
      `Password ${password} for user ${user} is incorrect because this user does not exist`,
    )
  const correct = await host.accounts.checkPassword(user.bare, password)
  return { correct, message: `Password '${password}' for user ${user} is ${correct ? 'correct' : 'incorrect'}` }
}

/** An authentication method that keeps passwords as they are; only then a plain hash can be compared. */
interface PlainKeeper {
  plainPassword(user: Jid): Promise<string | undefined>
}

const keepsPlain = (method: object): method is PlainKeeper => 'plainPassword' in method

async function plainPassword(context: ApiContext, user: Jid): Promise<string | undefined> {
  for (const method of hostOf(context, user)?.accounts.methods ?? []) {
    const password = keepsPlain(method) ? await method.plainPassword(user.bare) : undefined
    if (password !== undefined) return password
  }
  return undefined
}

const HASHES = new Map([
  ['md5', 'md5'],
  ['sha', 'sha1'],
])

/** MongooseIM prints the bytes in capitals without leading zeros; hashes written the usual way are taken too. */
function sameHash(hash: Buffer, given: string): boolean {
  const short = Array.from(hash, (byte) => byte.toString(16)).join('')
  const wanted = given.toLowerCase()
  return wanted === hash.toString('hex') || wanted === short
}

async function checkPasswordHash(
  { user, passwordHash, hashMethod }: { user: Jid; passwordHash: string; hashMethod: string },
  context: ApiContext,
) {
  const password = await plainPassword(context, user)
  if (password === undefined) return fail(user, 'wrong_user', 'User does not exist or using SCRAM password')
  const algorithm = HASHES.get(hashMethod)
  if (algorithm === undefined)
    return fail(user, 'wrong_method', `Given hash method \`${hashMethod}\` is not supported. Try \`md5\` or \`sha\``)
  const correct = sameHash(createHash(algorithm).update(password).digest(), passwordHash)
  return { correct, message: `Password hash is ${correct ? 'correct' : 'incorrect'}` }
}

async function registerUser(
  { domain, username, password }: { domain: string; username?: string | null; password: string },
  context: ApiContext,
) {
  const user = makeJid(username ?? `${Date.now().toString(36)}-${randomBytes(8).toString('hex')}`, domain)
  await register(context, user, password)
  return { jid: user, message: `User ${user} successfully registered` }
}

async function register(context: ApiContext, user: Jid, password: string): Promise<void> {
  const { node } = context.kernel
  const cannot = (why: string) => fail(user, 'cannot_register', `Can't register user ${user} at node ${node}: ${why}`)
  const host = hostOf(context, user)
  if (host === undefined) return cannot('not_allowed')
  try {
    await host.accounts.register(user, password)
  } catch (error) {
    if (!(error instanceof AccountError)) throw error
    if (error.problem === 'exists') fail(user, 'exists', `User ${user} already registered at node ${node}`)
    if (error.problem === 'limit_per_domain_exceeded')
      fail(user, error.problem, `User limit has been exceeded for domain ${user.domain}`)
    cannot(error.problem === 'invalid_password' ? 'null_password' : error.problem)
  }
  await host.hooks.notify(accountRegistered, user)
}

/** Removes the account with all that the server keeps of it, and then ends its sessions; false when there is none. */
export async function removeAccount(context: ApiContext, host: Host, account: Jid): Promise<boolean> {
  if (!(await host.accounts.exists(account))) return false
  if (!(await host.removeAccount(account))) return false
  await endSessions(context, account, 'User removed')
  return true
}

/** Answers `removeUser`, for whoever may remove this user. */
export async function removeUser({ user }: { user: Jid }, context: ApiContext) {
  const host = hostOf(context, user)
  if (host === undefined || !(await removeAccount(context, host, user.bare)))
    return fail(user, 'not_allowed', NOT_AUTHORISED)
  return { jid: user, message: `User ${user} successfully unregistered` }
}

async function endSessions({ kernel }: ApiContext, user: Jid, reason: string): Promise<void> {
  for (const entry of kernel.directory.of(user))
    await kernel.endEntry(entry, reason, new StreamError('conflict', reason))
}

async function setPassword(context: ApiContext, user: Jid, password: string): Promise<void> {
  const host = hostOf(context, user)
  if (host === undefined) return fail(user, 'not_allowed', NOT_AUTHORISED)
  if (password === '') return fail(user, 'empty_password', 'Empty password')
  try {
    await host.accounts.setPassword(user.bare, password)
  } catch (error) {
    if (!(error instanceof AccountError)) throw error
    fail(user, 'not_allowed', NOT_AUTHORISED)
  }
}

/** Answers `changeUserPassword`, for whoever may change it. */
export async function changeUserPassword(
  { user, newPassword }: { user: Jid; newPassword: string },
  context: ApiContext,
) {
  await setPassword(context, user, newPassword)
  return { jid: user, message: 'Password changed' }
}

async function banUser({ user, reason }: { user: Jid; reason: string }, context: ApiContext) {
  if (!(await exists(context, user))) return fail(user, 'user_does_not_exist', `User ${user} does not exist`)
  // The password first: a client that is only thrown out would be back at once.
  const password = `BANNED_ACCOUNT--${new Date(context.kernel.clock.now()).toISOString()}--${randomUUID()}--${reason}`
  await setPassword(context, user, password)
  await endSessions(context, user, reason)
  return { jid: user, message: `User ${user} successfully banned with reason: ${reason}` }
}

/** The CLI waits for the result; over HTTP the import goes on after the answer, as it may take long. */
async function importUsers({ filename }: { filename: string }, context: ApiContext): Promise<ImportSummary | object> {
  const node = sharedOrNone(context.kernel, nodeControl)
  if (node === undefined) throw new ApiError('file_not_found', 'File not found', { filename })
  const run = () => importAccounts(node, filename, (user, password) => register(context, user, password))
  if (context.method === 'cli') return run()
  run().then(
    (summary) => context.kernel.log.info({ what: 'users_imported', filename, created: summary.created?.length ?? 0 }),
    (error: unknown) => context.kernel.report('import_users_failed', error, { filename }),
  )
  return { status: 'ImportUsers scheduled' }
}

/** The part with the category `account`. */
export const accountPart: ApiPart = {
  category: 'account',
  sdl: `
extend type AdminQuery {
  "Account management"
  account: AccountAdminQuery @protected
}

extend type AdminMutation {
  "Account management"
  account: AccountAdminMutation @protected
}

"Reads accounts."
type AccountAdminQuery {
  "List the users of a domain"
  listUsers(
    domain: DomainName!
    "How many to list; all when omitted."
    limit: PosInt
    "How many to leave out at the start; none when omitted."
    index: NonNegInt
  ): [String!] @protected(type: DOMAIN, args: ["domain"])
  "Count the users of a domain"
  countUsers(domain: DomainName!): Int @protected(type: DOMAIN, args: ["domain"])
  "Check whether a password is right"
  checkPassword(user: JID!, password: String!): CheckPasswordPayload @protected(type: DOMAIN, args: ["user"])
  "Check whether a password's hash is right (md5 or sha; only where passwords are kept as they are)"
  checkPasswordHash(user: JID!, passwordHash: String!, hashMethod: String!): CheckPasswordPayload
    @protected(type: DOMAIN, args: ["user"])
  "Check whether a user exists"
  checkUser(user: JID!): CheckUserPayload @protected(type: DOMAIN, args: ["user"])
}

"Changes accounts."
type AccountAdminMutation {
  "Register a user; without a username one is made up"
  registerUser(domain: DomainName!, username: UserName, password: String!): UserPayload
    @protected(type: DOMAIN, args: ["domain"])
  "Remove an account with everything that is kept of it"
  removeUser(user: JID!): UserPayload @protected(type: DOMAIN, args: ["user"])
  "Ban an account: end its sessions and give it a random password"
  banUser(user: JID!, reason: String!): UserPayload @protected(type: DOMAIN, args: ["user"])
  "Change a user's password"
  changeUserPassword(user: JID!, newPassword: String!): UserPayload @protected(type: DOMAIN, args: ["user"])
  "Register the users of a CSV file on the server: user name, domain, password"
  importUsers(filename: NonEmptyString!): ImportPayload @protected(type: GLOBAL)
}

"What became of a user."
type UserPayload @protected {
  jid: JID!
  message: String!
}

"What became of an import."
type ImportPayload @protected {
  status: String!
  "Users that were registered"
  created: [JID!]
  "Users that were there before"
  existing: [JID!]
  "Users that may not be registered"
  notAllowed: [JID!]
  "Records whose address is wrong"
  invalidJID: [String!]
  "Users without a password"
  emptyPassword: [JID!]
  "Records that do not have three fields"
  invalidRecord: [String!]
}

"Whether a password is right."
type CheckPasswordPayload @protected {
  correct: Boolean!
  message: String!
}

"Whether a user exists."
type CheckUserPayload @protected {
  exist: Boolean!
  message: String!
}
`,
  resolvers: {
    AccountAdminQuery: {
      listUsers: resolver(listUsers),
      countUsers: resolver(countUsers),
      checkPassword: resolver(checkPassword),
      checkPasswordHash: resolver(checkPasswordHash),
      checkUser: resolver(checkUser),
    },
    AccountAdminMutation: {
      registerUser: resolver(registerUser),
      removeUser: resolver(removeUser),
      banUser: resolver(banUser),
      changeUserPassword: resolver(changeUserPassword),
      importUsers: resolver(importUsers),
    },
  },
}
