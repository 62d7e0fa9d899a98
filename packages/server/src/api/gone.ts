/** The REST APIs that MongooseIM had until 6.5: what is left of them is the word which GraphQL operation does the same. */
import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from './endpoint.ts'

/** Whose API it was, which is the schema that has the operations now. */
export type GoneApi = 'admin' | 'user'

/** An operation of a schema. */
export interface Operation {
  readonly schema: GoneApi
  readonly type: 'query' | 'mutation' | 'subscription'
  readonly category: string
  readonly field: string
}

type Row = readonly [method: string, path: string, type: Operation['type'], category: string, field: string]

/** `:` stands for any segment. The first row that fits counts. */
const ADMIN: readonly Row[] = [
  ['GET', 'users/:', 'query', 'account', 'listUsers'],
  ['POST', 'users/:', 'mutation', 'account', 'registerUser'],
  ['PUT', 'users/:/:', 'mutation', 'account', 'changeUserPassword'],
  ['DELETE', 'users/:/:', 'mutation', 'account', 'removeUser'],
  ['GET', 'sessions/:', 'query', 'session', 'listSessions'],
  ['DELETE', 'sessions/:/:/:', 'mutation', 'session', 'kickUserSession'],
  ['POST', 'stanzas', 'mutation', 'stanza', 'sendStanza'],
  ['POST', 'messages', 'mutation', 'stanza', 'sendMessage'],
  ['GET', 'messages/:', 'query', 'stanza', 'getLastMessages'],
  ['GET', 'messages/:/:', 'query', 'stanza', 'getLastMessages'],
  ['GET', 'contacts/:', 'query', 'roster', 'listContacts'],
  ['POST', 'contacts/:', 'mutation', 'roster', 'addContact'],
  ['PUT', 'contacts/:/:', 'mutation', 'roster', 'subscription'],
  ['DELETE', 'contacts/:/:', 'mutation', 'roster', 'deleteContact'],
  ['PUT', 'contacts/:/:/manage', 'mutation', 'roster', 'setMutualSubscription'],
  ['GET', 'domains/:', 'query', 'domain', 'domainDetails'],
  ['PUT', 'domains/:', 'mutation', 'domain', 'addDomain'],
  ['PATCH', 'domains/:', 'mutation', 'domain', 'enableDomain'],
  ['DELETE', 'domains/:', 'mutation', 'domain', 'removeDomain'],
  ['GET', 'metrics', 'query', 'metric', 'getMetrics'],
  ['GET', 'metrics/:', 'query', 'metric', 'getMetrics'],
  ['GET', 'metrics/:/:', 'query', 'metric', 'getMetrics'],
  ['GET', 'metrics/:/:/:', 'query', 'metric', 'getMetrics'],
  ['POST', 'mucs/:', 'mutation', 'muc', 'createInstantRoom'],
  ['POST', 'mucs/:/:/participants', 'mutation', 'muc', 'inviteUser'],
  ['POST', 'mucs/:/:/messages', 'mutation', 'muc', 'sendMessageToRoom'],
  ['DELETE', 'mucs/:/:/:', 'mutation', 'muc', 'kickUser'],
  ['POST', 'muc-lights/:', 'mutation', 'muc_light', 'createRoom'],
  ['PUT', 'muc-lights/:', 'mutation', 'muc_light', 'createRoom'],
  ['POST', 'muc-lights/:/:/participants', 'mutation', 'muc_light', 'inviteUser'],
  ['POST', 'muc-lights/:/:/messages', 'mutation', 'muc_light', 'sendMessageToRoom'],
  ['DELETE', 'muc-lights/:/:/management', 'mutation', 'muc_light', 'deleteRoom'],
  ['DELETE', 'inbox/:/:/bin', 'mutation', 'inbox', 'flushGlobalBin'],
  ['DELETE', 'inbox/:/:/:/bin', 'mutation', 'inbox', 'flushUserBin'],
]

const USER: readonly Row[] = [
  ['GET', 'sse', 'subscription', 'stanza', 'subscribeForMessages'],
  ['GET', 'messages', 'query', 'stanza', 'getLastMessages'],
  ['GET', 'messages/:', 'query', 'stanza', 'getLastMessages'],
  ['POST', 'messages', 'mutation', 'stanza', 'sendMessage'],
  ['GET', 'contacts', 'query', 'roster', 'listContacts'],
  ['GET', 'contacts/:', 'query', 'roster', 'getContact'],
  ['POST', 'contacts', 'mutation', 'roster', 'addContact'],
  ['PUT', 'contacts/:', 'mutation', 'roster', 'subscription'],
  ['DELETE', 'contacts', 'mutation', 'roster', 'deleteContacts'],
  ['DELETE', 'contacts/:', 'mutation', 'roster', 'deleteContact'],
  ['GET', 'rooms', 'query', 'muc_light', 'listRooms'],
  ['POST', 'rooms', 'mutation', 'muc_light', 'createRoom'],
  ['GET', 'rooms/:', 'query', 'muc_light', 'getRoomConfig'],
  ['PUT', 'rooms/:', 'mutation', 'muc_light', 'createRoom'],
  ['PUT', 'rooms/:/config', 'mutation', 'muc_light', 'changeRoomConfiguration'],
  ['POST', 'rooms/:/users', 'mutation', 'muc_light', 'inviteUser'],
  ['DELETE', 'rooms/:/users/:', 'mutation', 'muc_light', 'kickUser'],
  ['GET', 'rooms/:/messages', 'query', 'muc_light', 'getRoomMessages'],
  ['POST', 'rooms/:/messages', 'mutation', 'muc_light', 'sendMessageToRoom'],
]

const TABLES = { admin: ADMIN, user: USER }

/** Every request that these APIs knew, with the operation that does the same. */
export function* goneRequests(): Generator<readonly [method: string, path: string, operation: Operation]> {
  for (const [schema, rows] of Object.entries(TABLES) as [GoneApi, readonly Row[]][])
    for (const [method, path, type, category, field] of rows) yield [method, path, { schema, type, category, field }]
}

/** The operation that does what a request did; undefined for what the API did not know. */
export function operationFor(schema: GoneApi, method: string, path: string): Operation | undefined {
  const given = path.split('/')
  const row = TABLES[schema].find(([wanted, pattern]) => wanted === method && fits(pattern.split('/'), given))
  if (row === undefined) return undefined
  const [, , type, category, field] = row
  return { schema, type, category, field }
}

const fits = (pattern: readonly string[], given: readonly string[]): boolean =>
  pattern.length === given.length &&
  pattern.every((segment, i) => (segment === ':' ? given[i] !== '' : segment === given[i]))

/** Answers whatever is asked of an old API, below `base`, with 410 and the operation to use. */
export function goneHandler(schema: GoneApi, base: string): RequestHandler {
  return (request, response) => {
    const operation = operationFor(schema, request.method ?? '', pathBelow(base, request))
    const text = JSON.stringify({ error: told(schema, operation), ...(operation && { graphql: operation }) })
    request.resume()
    response.writeHead(410, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'x-content-type-options': 'nosniff',
    })
    response.end(text)
  }
}

function told(schema: GoneApi, operation: Operation | undefined): string {
  const handler = `a mongoose_graphql_handler with schema_endpoint = "${schema}"`
  if (operation === undefined) return `This REST API was removed in MongooseIM 6.6: use ${handler}`
  const { type, category, field } = operation
  return `This REST API was removed in MongooseIM 6.6: use the ${type} ${category} { ${field} } of ${handler}`
}

/** The path as it was sent, without the one that the handler is mounted at, slashes around it, and the query. */
function pathBelow(base: string, { url = '' }: IncomingMessage): string {
  const [path = ''] = url.split('?', 1)
  const below = path.startsWith(base) ? path.slice(base.length) : path
  return below.replace(/^\//, '').replace(/\/$/, '')
}
