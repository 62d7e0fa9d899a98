/** A user's own account: giving it up, and its password. */
import { changeUserPassword, removeUser } from '../account.ts'
import { type ApiContext, callerOf } from '../context.ts'
import { type ApiPart, resolver } from '../part.ts'

const unregister = async (context: ApiContext): Promise<string> =>
  (await removeUser({ user: callerOf(context) }, context)).message

const changePassword = async ({ newPassword }: { newPassword: string }, context: ApiContext): Promise<string> =>
  (await changeUserPassword({ user: callerOf(context), newPassword }, context)).message

/** The part with the category `account`. */
export const accountUserPart: ApiPart = {
  category: 'account',
  sdl: `
extend type UserMutation {
  "The own account"
  account: AccountUserMutation @protected
}

"Changes the own account."
type AccountUserMutation @protected {
  "Remove the account with everything that is kept of it"
  unregister: String
  "Change the password"
  changePassword(newPassword: String!): String
}
`,
  resolvers: {
    AccountUserMutation: {
      unregister: resolver((_args, context) => unregister(context)),
      changePassword: resolver(changePassword),
    },
  },
}
