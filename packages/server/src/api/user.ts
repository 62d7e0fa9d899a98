/** The user schema: its root types, and the parts of all features. */
import type { ApiPart } from './part.ts'
import { type ApiSchema, assembleSchema } from './schema.ts'
import { accountUserPart } from './user/account.ts'
import { checkAuthUserPart } from './user/check-auth.ts'
import { httpUploadUserPart } from './user/http-upload.ts'
import { lastUserPart } from './user/last.ts'
import { privateUserPart } from './user/private.ts'
import { rosterUserPart } from './user/roster.ts'
import { sessionUserPart } from './user/session.ts'
import { stanzaUserPart } from './user/stanza.ts'
import { vcardUserPart } from './user/vcard.ts'

/** All parts of the user schema. */
export const USER_PARTS: readonly ApiPart[] = [
  checkAuthUserPart,
  accountUserPart,
  httpUploadUserPart,
  lastUserPart,
  privateUserPart,
  rosterUserPart,
  sessionUserPart,
  stanzaUserPart,
  vcardUserPart,
]

const ROOTS = `
schema {
  query: UserQuery
  mutation: UserMutation
  subscription: UserSubscription
}

"Everything that a user can read."
type UserQuery

"Everything that a user can change."
type UserMutation

"Everything that a user can watch."
type UserSubscription
`

/** Assembles the user schema: everything in it is about the user who asks. */
export const userSchema = (): ApiSchema => assembleSchema(ROOTS, USER_PARTS, 'users')
