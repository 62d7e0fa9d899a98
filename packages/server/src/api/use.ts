/** Whether what a field needs (`@use`) runs on the host type that its arguments name (as in MongooseIM). */
import { Jid } from '@meerkat/protocol'
import type { Host } from '../core/host.ts'
import { archiveReader } from './archive.ts'
import { valuesAt } from './authorise.ts'
import { type ApiContext, sharedOrNone } from './context.ts'
import type { Use } from './directives.ts'
import { ApiError } from './errors.ts'
import { nodeControl } from './node-control.ts'

/** Throws `deps_not_loaded` when something is missing; an unknown domain is left to the resolver. */
export function requireUse(use: Use, args: Readonly<Record<string, unknown>>, context: ApiContext): void {
  const hosts = hostsFrom(use, args, context)
  const node = sharedOrNone(context.kernel, nodeControl)
  const modules = use.modules.filter((name) => hosts.some((host) => !loaded(host, name, context)))
  const services = use.services.filter((name) => node?.services.includes(name) !== true)
  const databases = use.internal_databases.filter((name) => node?.internalDatabases.includes(name) !== true)
  const missing = [
    ['modules', 'not_loaded_modules', modules],
    ['services', 'not_loaded_services', services],
    ['internal databases', 'not_loaded_internal_databases', databases],
  ] as const
  const told = missing.filter(([, , names]) => names.length > 0)
  if (told.length === 0) return
  const kinds = told.map(([kind]) => kind).join(' and ')
  const details = Object.fromEntries(told.map(([, key, names]) => [key, names]))
  throw new ApiError('deps_not_loaded', `Some of the required ${kinds} are not loaded`, details)
}

/** The host types that the arguments name; when they name none, that of the user who asks. */
function hostsFrom(use: Use, args: Readonly<Record<string, unknown>>, { kernel, user }: ApiContext): Host[] {
  const named = use.args.flatMap((path) => valuesAt(args, path)).filter((value) => value != null)
  const found = (named.length === 0 ? [user] : named).map((value) => {
    if (value instanceof Jid) return kernel.hosts.of(value.domain)
    return typeof value === 'string' ? (kernel.hosts.of(value) ?? kernel.hosts.type(value)) : undefined
  })
  return [...new Set(found.filter((host) => host !== undefined))]
}

/** `mod_mam_pm` is no module of the configuration: it runs when messages of users are archived. */
function loaded(host: Host, module: string, { kernel }: ApiContext): boolean {
  if (module === 'mod_mam_pm') return sharedOrNone(kernel, archiveReader)?.keeps(host) === true
  return kernel.modules.running(host, module)
}
