/**
 * Domains: which are served, and the passwords of their administrators. Those of the configuration are static: it alone changes them. What is
 * kept of a domain stays when the configuration names it no more, until it is removed here.
 */
import { parseJid } from '@meerkat/protocol'
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

/** A domain that is served no more; a host of the configuration was its own host type. */
const describeGone = (domain: string) => ({ domain, hostType: domain, status: 'DELETING', type: 'DYNAMIC' })

async function allDomains({ kernel }: ApiContext) {
  const served = kernel.hosts.types().flatMap(({ type, domains }) => domains.map((domain) => describe(domain, type)))
  const going = (await kernel.eraser.orderedDomains()).filter((domain) => kernel.hosts.of(domain) === undefined)
  return [...served, ...going.map(describeGone)].toSorted((a, b) => (a.domain < b.domain ? -1 : 1))
}

async function domainDetails({ domain }: AtDomain, { kernel }: ApiContext) {
  const host = kernel.hosts.of(domain)
  if (host !== undefined) return describe(domain, host.type)
  if (await kernel.eraser.isOrdered(parseJid(domain))) return describeGone(domain)
  throw new ApiError('not_found', 'Given domain does not exist', { domain })
}

/** Refuses to remove what is served, or of what nothing is kept. */
async function checkRemovable({ domain, hostType }: AtDomain & OfType, { kernel }: ApiContext): Promise<void> {
  const { hosts, eraser } = kernel
  if (hosts.home(domain) !== undefined || hosts.service(domain) !== undefined)
    throw new ApiError('static', 'Domain is static', { domain, hostType })
  // A host of the configuration was its own host type, and both are gone.
  if (hostType !== domain && hosts.type(hostType) === undefined)
    throw new ApiError('unknown_host_type', 'Unknown host type', { hostType })
  if (!(await eraser.knows(parseJid(domain))))
    throw new ApiError('not_found', 'Given domain does not exist', { domain, hostType })
}

async function removeDomain(args: AtDomain & OfType, context: ApiContext) {
  await checkRemovable(args, context)
  const { eraser } = context.kernel
  await eraser.removeDomain(args.domain)
  // A server that stops goes on with it at its next start.
  const isLeft = await eraser.isOrdered(parseJid(args.domain))
  return { ...args, status: isLeft ? 'DELETING' : 'DELETED' }
}

async function requestRemoveDomain(args: AtDomain & OfType, context: ApiContext) {
  await checkRemovable(args, context)
  await context.kernel.eraser.orderDomain(args.domain)
  return { ...args, status: 'DELETING' }
}

/** What adds domains and switches them needs a place to keep them, which this configuration has not. */
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
  "Remove everything that is kept of a domain that the configuration names no more"
  removeDomain(domain: DomainName!, hostType: String!): Domain @protected(type: GLOBAL)
  "Remove everything that is kept of a domain that the configuration names no more, and do not wait for it"
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
  "The database; or the configuration of before, while what is kept of it is being removed"
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
      removeDomain: resolver(removeDomain),
      requestRemoveDomain: resolver(requestRemoveDomain),
      enableDomain: resolver(changeDomain),
      disableDomain: resolver(changeDomain),
      setDomainPassword: resolver(setDomainPassword),
      deleteDomainPassword: resolver(deleteDomainPassword),
    },
  },
}
