/** MongooseIM's domains besides those of its configuration, and the passwords of domain admins. */
import { formatMultiScram, parseMultiScram } from '@meerkat/protocol/sasl'
import type { Config } from '../../core/config/types.ts'
import type { Database } from '../../core/database.ts'
import type { KeptDomain } from '../../core/domains.ts'
import { openStores } from '../../storage/stores.ts'
import type { CopyOptions } from './copying.ts'
import type { Source } from './source.ts'

/** How many domains are read at a time. */
const PAGE = 1000

interface DomainRow {
  readonly domain: string
  readonly host_type: string
  /** 0: disabled, 1: enabled, 2: being removed. */
  readonly status: number
}

/** The domains that are copied or were here before, by host type; and what else is worth telling. */
export interface CopiedDomains {
  readonly domains: ReadonlyMap<string, string>
  readonly notes: readonly string[]
}

/** Copies the table `domain_settings`; what is here already stays. */
export async function copyDomains(
  source: Source,
  storage: Database,
  config: Config,
  { dryRun }: CopyOptions,
): Promise<CopiedDomains> {
  if (!config.services.has('service_domain_db')) return { domains: new Map(), notes: [] }
  const store = openStores(storage).keyedSet('domains')
  const domains = new Map<string, string>()
  for (let after = ''; ;) {
    const page = await store.page('', { limit: PAGE, after })
    for (const [domain, text] of page) domains.set(domain, (JSON.parse(text) as KeptDomain).hostType)
    if (page.size < PAGE) break
    after = [...page.keys()].at(-1)!
  }
  const notes: string[] = []
  const there = (await source.has('domain_settings'))
    ? await source.rows<DomainRow>(
        'SELECT domain, host_type, status::int AS status FROM domain_settings ORDER BY domain',
      )
    : []
  for (const { domain, host_type: hostType, status } of there) {
    if (domains.has(domain) || config.hostTypes.has(domain)) continue
    if (status === 2) notes.push(`${domain}: is not copied, as it is being removed there`)
    else if (!config.hostTypes.has(hostType))
      notes.push(`${domain}: is not copied, as there is no host type ${hostType}`)
    else {
      const kept: KeptDomain = { hostType, status: status === 1 ? 'enabled' : 'disabled' }
      if (!dryRun) await storage.commit([store.put('', domain, JSON.stringify(kept))])
      domains.set(domain, hostType)
      notes.push(`${domain}: ${dryRun ? 'to become' : 'is now'} a domain of ${hostType}, ${kept.status}`)
    }
  }
  return { domains, notes }
}

interface AdminRow {
  readonly domain: string
  readonly pass_details: string
}

/** Copies the passwords of the admins of these domains. */
export async function copyAdmins(
  source: Source,
  storage: Database,
  domains: readonly string[],
  { dryRun, overwrite }: CopyOptions,
): Promise<string[]> {
  if (!(await source.has('domain_admins'))) return []
  const store = openStores(storage).keyValue('domain_admin')
  const notes: string[] = []
  for (const { domain, pass_details: details } of await source.rows<AdminRow>(
    'SELECT * FROM domain_admins ORDER BY domain',
  )) {
    if (!domains.includes(domain)) continue
    const keys = parseMultiScram(details)
    if (keys?.has('sha512') !== true) {
      notes.push(`${domain}: the password of its admin cannot be read: set another one`)
      continue
    }
    const text = formatMultiScram(keys)
    const present = await store.get(domain)
    if (present === text || (present !== undefined && !overwrite)) continue
    if (!dryRun) await storage.commit([store.put(domain, text)])
    notes.push(`${domain}: the password of its admin is ${dryRun ? 'to be ' : ''}copied`)
  }
  return notes
}
