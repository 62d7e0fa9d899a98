/**
 * Domains: which are served, and the passwords of their administrators. Those of the configuration are static: it alone changes them; others come and
 * go here. What is kept of a domain stays when the configuration names it no more, until it is removed here.
 */
import { parseJid } from '@meerkat/protocol'
import { type Domains, domainsOf } from '../core/domains.ts'
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

const describe = (domain: string, hostType: string, status: string, type: 'STATIC' | 'DYNAMIC') => ({
  domain,
  hostType,
  status: status.toUpperCase(),
  type,
})

/** A domain that the configuration names no more was its own host type. */
const describeGone = (domain: string) => describe(domain, domain, 'deleting', 'DYNAMIC')

/** Whether the configuration has a domain. */
const isStatic = (domain: string, { kernel }: ApiContext): boolean =>
  kernel.hosts.of(domain) !== undefined && domainsOf(kernel)?.serves(domain) !== true

async function allDomains(context: ApiContext) {
  const { kernel } = context
  const found = new Map((await kernel.eraser.orderedDomains()).map((domain) => [domain, describeGone(domain)]))
  for (const [domain, { hostType, status }] of domainsOf(kernel)?.all() ?? [])
    found.set(domain, describe(domain, hostType, status, 'DYNAMIC'))
  for (const { type, domains } of kernel.hosts.types())
    for (const domain of domains)
      if (isStatic(domain, context)) found.set(domain, describe(domain, type, 'enabled', 'STATIC'))
  return [...found.values()].toSorted((a, b) => (a.domain < b.domain ? -1 : 1))
}

async function domainDetails({ domain }: AtDomain, context: ApiContext) {
  const { kernel } = context
  if (isStatic(domain, context)) return describe(domain, kernel.hosts.of(domain)!.type, 'enabled', 'STATIC')
  const kept = domainsOf(kernel)?.all().get(domain)
  if (kept !== undefined) return describe(domain, kept.hostType, kept.status, 'DYNAMIC')
  if (await kernel.eraser.isOrdered(parseJid(domain))) return describeGone(domain)
  throw notFound({ domain })
}

const notFound = (details: Record<string, string>): ApiError =>
  new ApiError('not_found', 'Given domain does not exist', details)

/** Refuses to change what the configuration has, and services beside its domains. */
function checkStatic(args: AtDomain & Partial<OfType>, context: ApiContext): void {
  const { hosts } = context.kernel
  const isService = hosts.service(args.domain) !== undefined
  if (isStatic(args.domain, context) || isService) throw new ApiError('static', 'Domain is static', { ...args })
}

/** The place where domains are kept, which needs a service. */
function requireDomains({ kernel }: ApiContext): Domains {
  const domains = domainsOf(kernel)
  if (domains !== undefined) return domains
  throw new ApiError('deps_not_loaded', 'Some of the required services are not loaded', {
    not_loaded_services: ['service_domain_db'],
  })
}

/** A host of the configuration was its own host type: both may be gone. */
function checkHostType({ domain, hostType }: AtDomain & OfType, { kernel }: ApiContext, mayBeGone: boolean): void {
  if (kernel.hosts.type(hostType) !== undefined || (mayBeGone && hostType === domain)) return
  throw new ApiError('unknown_host_type', 'Unknown host type', { hostType })
}

async function addDomain({ domain, hostType }: AtDomain & OfType, context: ApiContext) {
  checkStatic({ domain, hostType }, context)
  const domains = requireDomains(context)
  checkHostType({ domain, hostType }, context, false)
  if (domains.all().has(domain)) throw new ApiError('duplicate', 'Domain already exists', { domain, hostType })
  // What one of this name may have left goes first.
  await context.kernel.eraser.finish(parseJid(domain))
  await domains.put(domain, { hostType, status: 'enabled' })
  return { domain, hostType, status: 'ENABLED' }
}

const switchTo = (status: 'enabled' | 'disabled') => async (args: AtDomain, context: ApiContext) => {
  const { domain } = args
  checkStatic(args, context)
  const domains = requireDomains(context)
  const kept = domains.all().get(domain)
  if (kept === undefined) throw notFound({ domain })
  if (kept.status === 'deleting') throw new ApiError('deleted', 'Domain has been deleted', { domain })
  await domains.put(domain, { ...kept, status })
  return { domain, hostType: kept.hostType, status: status.toUpperCase() }
}

/** Orders the removal of a domain; what it gives resolves when that has ended. */
async function orderRemoval(args: AtDomain & OfType, context: ApiContext): Promise<{ done: Promise<unknown> }> {
  const { domain, hostType } = args
  const { eraser } = context.kernel
  checkStatic(args, context)
  const kept = domainsOf(context.kernel)?.all().get(domain)
  checkHostType(args, context, true)
  if (kept !== undefined && kept.hostType !== hostType)
    throw new ApiError('wrong_host_type', 'Wrong host type was provided', { domain, hostType })
  if (kept !== undefined) return requireDomains(context).remove(domain, hostType)
  if (!(await eraser.knows(parseJid(domain)))) throw notFound({ domain, hostType })
  await eraser.orderDomain(domain)
  return { done: Promise.resolve() }
}

async function requestRemoveDomain(args: AtDomain & OfType, context: ApiContext) {
  await orderRemoval(args, context)
  return { ...args, status: 'DELETING' }
}

async function removeDomain(args: AtDomain & OfType, context: ApiContext) {
  const { eraser } = context.kernel
  const { done } = await orderRemoval(args, context)
  await done
  await eraser.finish(parseJid(args.domain))
  // A server that stops goes on with it at its next start.
  const isLeft = await eraser.isOrdered(parseJid(args.domain))
  return { ...args, status: isLeft ? 'DELETING' : 'DELETED' }
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
  "Remove a domain with everything that is kept of it; also one that the configuration names no more"
  removeDomain(domain: DomainName!, hostType: String!): Domain @protected(type: GLOBAL)
  "Remove a domain with everything that is kept of it, and do not wait for it"
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
      addDomain: resolver(addDomain),
      removeDomain: resolver(removeDomain),
      requestRemoveDomain: resolver(requestRemoveDomain),
      enableDomain: resolver(switchTo('enabled')),
      disableDomain: resolver(switchTo('disabled')),
      setDomainPassword: resolver(setDomainPassword),
      deleteDomainPassword: resolver(deleteDomainPassword),
    },
  },
}
