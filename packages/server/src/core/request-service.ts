/** Services that only answer requests to their domain: a directory, an upload service. */
import { StanzaError } from '@meerkat/protocol'
import type { Host } from './host.ts'
import type { Service } from './hosts.ts'
import { type IqRoute, IqRoutes } from './iq.ts'
import { when } from './when.ts'

/** A service that answers with these routes (those of the target `server`) and refuses everything else. */
export function requestService(host: Host, routes: readonly IqRoute[]): Service {
  const table = new IqRoutes()
  for (const route of routes) table.add(route)
  return (delivery) => {
    const { stanza, to } = delivery
    if (stanza.name === 'presence' || stanza.attr('type') === 'result' || stanza.attr('type') === 'error') return
    if (stanza.name !== 'iq' || to.local !== '' || to.resource !== '')
      throw new StanzaError('cancel', 'service-unavailable')
    return when(table.answer('server', delivery), (reply) => delivery.afterwards(() => host.answer(delivery, reply)))
  }
}
