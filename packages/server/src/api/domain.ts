/** Domains: which are served, and the passwords of their administrators. Those of the configuration are static: it alone changes them. */
import { type ApiContext } from './context.ts'
import { DomainPasswords } from './domain-passwords.ts'
import { ApiError } from './errors.ts'
import { type ApiPart, resolver } from './part.ts'

type AtDomain = { readonly domain: string }
type OfType = { readonly hostType: string }

function domainsByHostType({ hostType }: OfType, { kernel }: ApiContext): string[] {
  if (kernel.hosts.type(hostType) === undefined)
    throw new ApiError('unknown_host_type', 'Unknown host type', { hostType })
  return kernel.hosts.domains(hostType)
}

const describe = (domain: string, hostType: string) => ({ domain, hostType, status: 'ENABLED', type: 'STATIC' })

const allDomains = ({ kernel }: ApiContext) =>
  kernel.hosts
    .types()
    .flatMap(({ type, domains }) => domains.map((domain) => describe(domain, type)))
    .toSorted((a, b) => (a.domain < b.domain ? -1 : 1))

function domainDetails({ domain }: AtDomain, { kernel }: ApiContext) {
  const host = kernel.hosts.of(domain)
  if (host === undefined) throw new ApiError('not_found', 'Given domain does not exist', { domain })
  return describe(domain, host.type)
}

/** What changes domains needs a place to keep them, which this configuration has not. */
function changeDomain(args: AtDomain & Partial<OfType>, { kernel }: ApiContext): never {
  if (kernel.hosts.of(args.domain) !== undefined) throw new ApiError('static', 'Domain is static', { ...args })
  throw new ApiError('deps_not_loaded', 'Some of the required services are not loaded', {
    not_loaded_services: ['service_domain_db'],
  })
}

async function setDomainPassword({ domain, password }: AtDomain & { password: string }, { kernel }: ApiContext) {
  if (kernel.hosts.of(domain) === undefined)
    throw new ApiError('not_found', 'Given domain does not exist or is disabled', { domain })
  await new DomainPasswords(kernel).set(domain, password)
  return 'Domain password set successfully'
}

async function deleteDomainPassword({ domain }: AtDomain, { kernel }: ApiContext): Promise<string> {
  if (await new DomainPasswords(kernel).remove(domain)) return 'Domain password deleted successfully'
  throw new ApiError('not_found', 'Domain password does not exist', { domain })
}

/** The part with the category `domain`. */
export const domainPart: ApiPart = {
  category: 'domain',
  sdl: `
extend type AdminQuery {
  "Domains"
  domain: DomainAdminQuery @protected
}

extend type AdminMutation {
  "Domains"
  domain: DomainAdminMutation @protected
}

"Reads domains."
type DomainAdminQuery {
  "List the domains of a host type"
  domainsByHostType(hostType: String!): [DomainName!] @protected(type: GLOBAL)
  "List all domains with what is known of them"
  allDomains: [DomainWithType!] @protected(type: GLOBAL)
  "Get what is known of a domain"
  domainDetails(domain: DomainName!): DomainWithType @protected(type: DOMAIN, args: ["domain"])
}

"Changes domains."
type DomainAdminMutation {
  "Add a domain; needs service_domain_db"
  addDomain(domain: DomainName!, hostType: String!): Domain @protected(type: GLOBAL)
  "Remove a domain with everything that is kept of it; needs service_domain_db"
  removeDomain(domain: DomainName!, hostType: String!): Domain @protected(type: GLOBAL)
  "Remove a domain, and do not wait for it; needs service_domain_db"
  requestRemoveDomain(domain: DomainName!, hostType: String!): Domain @protected(type: GLOBAL)
  "Serve a domain that was disabled; needs service_domain_db"
  enableDomain(domain: DomainName!): Domain @protected(type: GLOBAL)
  "Serve a domain no longer, and keep what is its; needs service_domain_db"
  disableDomain(domain: DomainName!): Domain @protected(type: GLOBAL)
  "Set the password of a domain's admin, who logs in as admin@domain"
  setDomainPassword(domain: DomainName!, password: NonEmptyString!): String
    @protected(type: DOMAIN, args: ["domain"])
  "Remove the password of a domain's admin, who cannot log in then"
  deleteDomainPassword(domain: DomainName!): String @protected(type: GLOBAL)
}

"A domain that was changed."
type Domain @protected(type: GLOBAL) {
  domain: DomainName
  hostType: String
  status: DomainStatus
}

"A domain, and where it comes from."
type DomainWithType @protected {
  domain: DomainName
  hostType: String
  status: DomainStatus
  type: DomainType
}

"Whether a domain is served."
enum DomainStatus {
  ENABLED
  DISABLED
  "What is kept of it is being removed"
  DELETING
  DELETED
}

"Where a domain comes from."
enum DomainType {
  "The configuration"
  STATIC
  "The database"
  DYNAMIC
}
`,
  resolvers: {
    DomainAdminQuery: {
      domainsByHostType: resolver(domainsByHostType),
      allDomains: resolver((_args, context) => allDomains(context)),
      domainDetails: resolver(domainDetails),
    },
    DomainAdminMutation: {
      addDomain: resolver(changeDomain),
      removeDomain: resolver(changeDomain),
      requestRemoveDomain: resolver(changeDomain),
      enableDomain: resolver(changeDomain),
      disableDomain: resolver(changeDomain),
      setDomainPassword: resolver(setDomainPassword),
      deleteDomainPassword: resolver(deleteDomainPassword),
    },
  },
}
