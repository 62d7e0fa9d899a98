/** The admin schema: its root types, and the parts of all features. */
import { accountPart } from './account.ts'
import { cetsPart } from './cets.ts'
import { checkAuthPart } from './check-auth.ts'
import { domainPart } from './domain.ts'
import { externalServicesPart } from './external-services.ts'
import { gdprPart } from './gdpr.ts'
import { httpUploadPart } from './http-upload.ts'
import { lastPart } from './last.ts'
import { metricPart } from './metric.ts'
import { offlinePart } from './offline.ts'
import type { ApiPart } from './part.ts'
import { privatePart } from './private.ts'
import { rosterPart } from './roster.ts'
import { type ApiSchema, assembleSchema } from './schema.ts'
import { serverPart } from './server.ts'
import { sessionPart } from './session.ts'
import { sinksPart } from './sinks.ts'
import { stanzaPart } from './stanza.ts'
import { statPart } from './stat.ts'
import { vcardPart } from './vcard.ts'

/** All parts of the admin schema; a module's `api.ts` is listed here too. */
export const ADMIN_PARTS: readonly ApiPart[] = [
  checkAuthPart,
  accountPart,
  cetsPart,
  domainPart,
  externalServicesPart,
  gdprPart,
  httpUploadPart,
  lastPart,
  metricPart,
  offlinePart,
  privatePart,
  rosterPart,
  serverPart,
  sinksPart,
  sessionPart,
  stanzaPart,
  statPart,
  vcardPart,
]

const ROOTS = `
schema {
  query: AdminQuery
  mutation: AdminMutation
  subscription: AdminSubscription
}

"Everything that can be read."
type AdminQuery

"Everything that can be changed."
type AdminMutation

"Everything that can be watched."
type AdminSubscription
`

/** Assembles the admin schema. The same for every host type: what does not run there says so when it is asked. */
export const adminSchema = (parts: readonly ApiPart[] = ADMIN_PARTS): ApiSchema => assembleSchema(ROOTS, parts)
