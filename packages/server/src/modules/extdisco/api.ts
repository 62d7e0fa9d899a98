/** What the admin API asks of mod_extdisco. */
import type { ExternalService } from '@meerkat/protocol'
import type { Host } from '../../core/module.ts'

/** The services of a type, or all; credentials are made for `user`, a name that a relay may log. */
export type ListServices = (type: string | undefined, user: string) => ExternalService[]

const provided = new WeakMap<Host, ListServices>()

/** The external services of a host type; undefined while mod_extdisco is not running there. */
export const externalServicesOf = (host: Host): ListServices | undefined => provided.get(host)

/** Lets others find them. For mod_extdisco only. */
export function provideExternalServices(host: Host, list: ListServices | undefined): void {
  if (list === undefined) provided.delete(host)
  else provided.set(host, list)
}
