/** A user's own sessions. */
import type { SessionEntry } from '../../core/directory.ts'
import { type ApiContext, callerOf } from '../context.ts'
import { type ApiPart, resolver } from '../part.ts'
import { SESSION_TYPES, describe, entriesOf } from '../session.ts'

const own = (context: ApiContext): Promise<readonly SessionEntry[]> => entriesOf(context, callerOf(context))

/** The part with the category `session`. */
export const sessionUserPart: ApiPart = {
  category: 'session',
  sdl: `
extend type UserQuery {
  "The own sessions"
  session: SessionUserQuery @protected
}

"Reads sessions."
type SessionUserQuery @protected {
  "List the connected resources"
  listResources: [ResourceName!]
  "Count the connected resources"
  countResources: Int
  "List the sessions"
  listSessions: [Session!]
}
${SESSION_TYPES}`,
  resolvers: {
    SessionUserQuery: {
      listResources: resolver(async (_args, context) => (await own(context)).map(({ jid }) => jid.resource)),
      countResources: resolver(async (_args, context) => (await own(context)).length),
      listSessions: resolver(async (_args, context) => (await own(context)).map((entry) => describe(entry, context))),
    },
  },
}
