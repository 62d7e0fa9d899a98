/** Decides who may see a field. Asked twice for every field: for the whole request before it runs, and again when a field is resolved. */
import { Jid } from '@meerkat/protocol'
import type { Hosts } from '../core/hosts.ts'
import type { ApiContext } from './context.ts'
import type { Protection } from './directives.ts'

/** Why a caller may not see a field; `undefined` when it may. `operation` is the operation's name, or ROOT. */
export function refusal(
  protection: Protection,
  args: () => Readonly<Record<string, unknown>>,
  context: ApiContext,
  operation: string,
): string | undefined {
  if (protection.type === 'PUBLIC') return undefined
  if (protection.audience === 'users' && context.role === 'user' && context.user !== undefined) return undefined
  if (protection.audience === 'admins' && context.role === 'admin') return undefined
  if (protection.audience !== 'admins' || context.role !== 'domain_admin' || context.domain === undefined)
    return `Cannot execute query ${operation} without permissions`
  if (protection.type === 'DEFAULT') return undefined
  if (protection.type === 'GLOBAL') return `Cannot execute query ${operation} without a global admin permissions`
  const { domain } = context
  const given = args()
  const wrong = protection.args.filter(
    (path) => !allOf(given, path, (value) => isAt(value, domain, context.kernel.hosts)),
  )
  // A field that names no argument to decide by is nobody's but the global admin's.
  if (wrong.length === 0 && protection.args.length > 0) return undefined
  return (
    `Cannot execute query ${operation} without permissions to the given domain. ` +
    `Args with invalid value: ${wrong.join(', ')}`
  )
}

/** Whether all values at a dotted path, through lists and objects, satisfy `fits`; one that is missing does not. */
function allOf(args: unknown, path: string, fits: (value: unknown) => boolean): boolean {
  const found = valuesAt(args, path)
  return found.length > 0 && found.every(fits)
}

/** The values at a dotted path, through lists and objects; undefined stands for one that is missing. */
export function valuesAt(args: unknown, path: string): unknown[] {
  let values: unknown[] = [args]
  for (const name of path.split('.')) values = values.flat().map((value) => member(value, name))
  return values.flat()
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}

/** Whether a JID or domain is at `domain`, or at a service registered under it, such as its rooms (as in MongooseIM). */
function isAt(value: unknown, domain: string, hosts: Hosts): boolean {
  const asked = value instanceof Jid ? value.domain : value
  if (typeof asked !== 'string') return false
  if (asked === domain) return true
  return hosts.service(asked) !== undefined && ownerOf(asked, hosts) === domain
}

/** The served domain that a subdomain belongs to: the nearest one above it. */
function ownerOf(subdomain: string, hosts: Hosts): string | undefined {
  for (let dot = subdomain.indexOf('.'); dot >= 0; dot = subdomain.indexOf('.', dot + 1)) {
    const above = subdomain.slice(dot + 1)
    if (hosts.of(above) !== undefined) return above
  }
  return undefined
}
