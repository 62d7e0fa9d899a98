/** What the API does with rosters, for whoever may: reading them, changing them, and subscriptions. The words are MongooseIM's. */
import { type Jid, StanzaError, buildRosterSet, parseRosterSet } from '@meerkat/protocol'
import { type RosterApi, type RosterContact, type SubscriptionType, rostersOf } from '../modules/roster/api.ts'
import { type ApiContext, hostOf } from './context.ts'
import { ApiError } from './errors.ts'
import { requireWritable } from './writable.ts'

/** A contact as the API takes it. */
export interface ContactInput {
  readonly jid: Jid
  readonly name?: string | null
  readonly groups?: readonly string[] | null
}

/** The presence types behind the actions of the schema. */
const ACTIONS = {
  INVITE: 'subscribe',
  ACCEPT: 'subscribed',
  DECLINE: 'unsubscribed',
  CANCEL: 'unsubscribe',
} as const satisfies Record<string, SubscriptionType>

/** An action by its name in the schema. */
export type SubAction = keyof typeof ACTIONS

async function requireUser(context: ApiContext, user: Jid, details: object): Promise<void> {
  if ((await hostOf(context, user)?.accounts.exists(user.bare)) === true) return
  throw new ApiError('user_not_exist', `The user ${user.bare} does not exist`, { ...details })
}

/** The rosters at the domain of a user who exists. */
async function rostersFor(context: ApiContext, user: Jid, details: object): Promise<RosterApi> {
  const host = hostOf(context, user)
  const rosters = host && rostersOf(host)
  if (rosters === undefined) throw new ApiError('unknown_domain', 'Domain not found', { ...details })
  await requireUser(context, user, details)
  return rosters
}

/** Does what a user could do, and words the refusal that the user would get. */
async function tried(work: () => Promise<void>, what: string, details: object): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error
    const why = error.text ?? error.condition
    throw new ApiError('internal', `Cannot ${what} a contact because: ${why}`, { ...details })
  }
}

const about = (user: Jid, contact: Jid) => ({ user: user.toString(), contact: contact.toString() })

/** S80: who manages or uses one domain does not learn who exists at another. */
const mayKnow = ({ role, domain, user }: ApiContext, contact: Jid): boolean =>
  role === 'admin' || contact.domain === (domain ?? user?.domain)

/** Adds a contact, without a subscription; both users have to exist, as far as the caller may know. */
export async function addContact(context: ApiContext, user: Jid, contact: ContactInput): Promise<string> {
  const details = about(user, contact.jid)
  const rosters = await rostersFor(context, user, details)
  if (mayKnow(context, contact.jid)) await requireUser(context, contact.jid, details)
  // S57: read as what a client sends, so that the same limits hold.
  const written = buildRosterSet({ jid: contact.jid.bare, name: contact.name ?? '', groups: contact.groups ?? [] })
  requireWritable(written, details)
  await tried(async () => rosters.set(user.bare, parseRosterSet(written)), 'create', details)
  return 'Contact added successfully'
}

/** Removes a contact, and the subscriptions with it; who only waits for an answer is refused. */
export async function deleteContact(context: ApiContext, user: Jid, contact: Jid): Promise<string> {
  const details = about(user, contact)
  const rosters = await rostersFor(context, user, details)
  const found = await rosters.contact(user.bare, contact.bare)
  if (found === undefined)
    throw new ApiError('contact_not_found', `Cannot remove ${contact} contact that does not exist`, details)
  const remove = () =>
    found.listed
      ? rosters.set(user.bare, { jid: contact.bare, name: '', groups: [], remove: true })
      : rosters.subscribe(user.bare, contact.bare, 'unsubscribed')
  await tried(remove, 'delete', details)
  return `Contact ${contact} deleted successfully`
}

/** Asks for a subscription, answers one, or ends one. */
export async function subscription(context: ApiContext, user: Jid, contact: Jid, action: SubAction): Promise<string> {
  const details = about(user, contact)
  const rosters = await rostersFor(context, user, details)
  await tried(() => rosters.subscribe(user.bare, contact.bare, ACTIONS[action]), 'subscribe to', details)
  return `Subscription stanza with type ${ACTIONS[action]} sent successfully`
}

/** Makes two users contacts who see each other. */
export async function subscribeBoth(context: ApiContext, a: ContactInput, b: ContactInput): Promise<string> {
  await addContact(context, a.jid, b)
  await addContact(context, b.jid, a)
  await subscription(context, a.jid, b.jid, 'INVITE')
  await subscription(context, b.jid, a.jid, 'INVITE')
  await subscription(context, a.jid, b.jid, 'ACCEPT')
  await subscription(context, b.jid, a.jid, 'ACCEPT')
  return `Subscription between users ${a.jid} and ${b.jid} created successfully`
}

/** Removes two users from each other's rosters. */
export async function disconnect(context: ApiContext, a: Jid, b: Jid): Promise<string> {
  await deleteContact(context, a, b)
  await deleteContact(context, b, a)
  return 'Mutual subscription removed successfully'
}

/** How many things one request may have done. */
const MOST_TOGETHER = 1000

/** S81: throws when a request wants more done than one may. */
export function requireFew(count: number): void {
  if (count > MOST_TOGETHER)
    throw new ApiError('too_many', `This is about ${count} things: a request may have ${MOST_TOGETHER} done`, {})
}

/** Does one after another; what fails becomes the error of its place in the list, as graphql-js has it, and the others are done. */
export async function each<T>(items: readonly T[], work: (item: T) => Promise<string>): Promise<(string | Error)[]> {
  requireFew(items.length)
  const done: (string | Error)[] = []
  for (const item of items) {
    // A fault of ours is one of the whole list.
    const outcome = await work(item).catch((error: unknown) => {
      if (error instanceof ApiError) return error
      throw error
    })
    done.push(outcome)
  }
  return done
}

/** All contacts of a user, and those who have asked to be (as in MongooseIM). */
export async function listContacts(context: ApiContext, user: Jid): Promise<object[]> {
  const rosters = await rostersFor(context, user, { user: user.toString() })
  return (await rosters.all(user.bare)).map(describe)
}

/** One contact of a user. */
export async function getContact(context: ApiContext, user: Jid, contact: Jid): Promise<object> {
  const details = { contact: contact.toString() }
  const found = await (await rostersFor(context, user, details)).contact(user.bare, contact.bare)
  if (found === undefined) throw new ApiError('contact_not_found', 'Given contact does not exist', details)
  return describe(found)
}

function describe({ jid, name, groups, subscription: sees, ask, request }: RosterContact): object {
  const asks = ask ? (request === undefined ? 'OUT' : 'BOTH') : request === undefined ? 'NONE' : 'IN'
  return { jid, name, groups, subscription: sees.toUpperCase(), ask: asks }
}
