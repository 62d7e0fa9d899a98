/** External services (XEP-0215). Reading them is a mutation, as in MongooseIM: credentials are made for each request. */
import type { ExternalService } from '@meerkat/protocol'
import { externalServicesOf } from '../modules/extdisco/api.ts'
import type { ApiContext } from './context.ts'
import { ApiError } from './errors.ts'
import { type ApiPart, resolver } from './part.ts'

interface GetServices {
  readonly domain: string
  readonly type?: string | null
}

function getServices({ domain, type }: GetServices, { kernel }: ApiContext): ExternalService[] {
  const host = kernel.hosts.of(domain)
  if (host === undefined) throw new ApiError('domain_not_found', 'Domain not found', { domain })
  // Nobody in particular asks: the relay sees the domain.
  return externalServicesOf(host)?.(type ?? undefined, domain) ?? []
}

/** The part with the category `externalServices`. */
export const externalServicesPart: ApiPart = {
  category: 'externalServices',
  sdl: `
extend type AdminMutation {
  "Services outside of XMPP, such as relays for calls"
  externalServices: ExternalServicesAdminMutation @protected
}

"Asks for services outside of XMPP."
type ExternalServicesAdminMutation {
  "Get the external services of a domain, with credentials where they need some; only those of a type when it is given"
  getServices(domain: DomainName!, type: NonEmptyString): [ExternalService]
    @protected(type: DOMAIN, args: ["domain"])
    @use(modules: ["mod_extdisco"], args: ["domain"])
}

"A service outside of XMPP."
type ExternalService @protected {
  host: String!
  type: String!
  port: Int
  transport: String
  username: String
  password: String
  "When the credentials are no longer good, in seconds since 1970"
  expires: Int
}
`,
  resolvers: { ExternalServicesAdminMutation: { getServices: resolver(getServices) } },
}
