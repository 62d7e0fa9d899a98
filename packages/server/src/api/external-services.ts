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

function getServices(args: GetServices, { kernel }: ApiContext): ExternalService[] {
  const { domain, type } = args
  const host = kernel.hosts.of(domain)
  if (host === undefined) throw new ApiError('domain_not_found', 'domain does not exist', { ...args })
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
  getServices(domain: DomainName!, type: NonEmptyString): [Service]
    @protected(type: DOMAIN, args: ["domain"])
    @use(modules: ["mod_extdisco"], args: ["domain"])
}

"A service outside of XMPP."
type Service @protected {
  host: DomainName!
  type: NonEmptyString!
  port: NonNegInt
  transport: NonEmptyString
  username: NonEmptyString
  password: NonEmptyString
  "When the credentials are no longer good, in seconds since 1970"
  expires: PosInt
}
`,
  resolvers: { ExternalServicesAdminMutation: { getServices: resolver(getServices) } },
}
