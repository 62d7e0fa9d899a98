/** The GraphQL endpoint, read with its first request. */
import type { EndpointOptions, RequestHandler } from './endpoint.ts'
import type { ApiSchema } from './schema.ts'

/** What an endpoint serves, but for the schema. */
export type LateOptions = Omit<EndpointOptions, 'api'>

/** Whose schema an endpoint serves: an admin of a domain has the admins', and what is not the domain's is refused. */
export type SchemaEndpoint = 'admin' | 'domain_admin' | 'user'

/** graphql-js and the schemas' types take several megabytes and a tenth of the time to start. */
const loadEndpoint = once(async () => (await import('./endpoint.ts')).graphqlEndpoint)
const loadAdmin = once(async () => (await import('./admin.ts')).adminSchema())
const loadUser = once(async () => (await import('./user.ts')).userSchema())

const SCHEMAS: Readonly<Record<SchemaEndpoint, () => Promise<ApiSchema>>> = {
  admin: loadAdmin,
  domain_admin: loadAdmin,
  user: loadUser,
}

/** A GraphQL endpoint whose code and schema are loaded when somebody asks; `api` is another schema than the endpoint's. */
export function lateEndpoint(options: LateOptions, endpoint: SchemaEndpoint, api?: ApiSchema): RequestHandler {
  let handler: RequestHandler | undefined
  return (request, response) => {
    if (handler !== undefined) return handler(request, response)
    Promise.all([loadEndpoint(), api ?? SCHEMAS[endpoint]()])
      .then(([graphqlEndpoint, schema]) => {
        handler ??= graphqlEndpoint({ ...options, api: schema })
        handler(request, response)
      })
      .catch((error: unknown) => {
        options.kernel.report('graphql_failed', error)
        response.destroy()
      })
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
