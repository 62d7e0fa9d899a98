/** Last activity, as users see and set it. */
import type { Jid } from '@meerkat/protocol'
import { maySeePresence } from '../../core/contacts.ts'
import { type ApiContext, callerOf, hostOf } from '../context.ts'
import { ApiError } from '../errors.ts'
import { LAST_TYPES, getLast, setLast } from '../last.ts'
import { type ApiPart, resolver } from '../part.ts'

/** XEP-0012 §8: of others only what those may see who see their presence. MongooseIM tells it to everybody. */
async function get({ user }: { user?: Jid | null }, context: ApiContext): Promise<object> {
  const caller = callerOf(context)
  const wanted = user ?? caller
  const isOwn = wanted.bare.equals(caller)
  const may = isOwn || (await hostOf(context, wanted)?.hooks.first(maySeePresence, wanted.bare, caller)) === true
  if (!may) throw new ApiError('not_allowed', 'You may not see when this user was last there', { user: String(wanted) })
  return getLast({ user: wanted }, context)
}

const set = (args: { timestamp?: number | null; status: string }, context: ApiContext): Promise<object> =>
  setLast({ ...args, user: callerOf(context) }, context)

/** The part with the category `last`. */
export const lastUserPart: ApiPart = {
  category: 'last',
  sdl: `
extend type UserQuery {
  "Last activity"
  last: LastUserQuery @protected
}

extend type UserMutation {
  "Last activity"
  last: LastUserMutation @protected
}

"Reads last activity."
type LastUserQuery @protected @use(modules: ["mod_last"]) {
  "Get when somebody was last there whose presence one may see; oneself, when it is omitted"
  getLast(user: JID): LastActivity @use(modules: ["mod_last"], args: ["user"])
}

"Changes last activity."
type LastUserMutation @protected @use(modules: ["mod_last"]) {
  "Set when one was last there (now, when omitted), and the status"
  setLast(timestamp: DateTime, status: String!): LastActivity
}
${LAST_TYPES}`,
  resolvers: { LastUserQuery: { getLast: resolver(get) }, LastUserMutation: { setLast: resolver(set) } },
}
