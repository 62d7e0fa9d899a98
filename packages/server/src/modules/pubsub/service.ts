/** Services on domains of their own. */
import { parseJid } from '@meerkat/protocol'
import { type ServiceAddition, requestService } from '../../core/module.ts'
import type { PubsubApi } from './api.ts'
import { answerIn, decide } from './authorization.ts'
import { serviceRoutes } from './disco.ts'
import type { Engine, Place, ServiceRules } from './engine.ts'
import { NODES } from './keeps.ts'
import { pubsubRoutes } from './routes.ts'

/** What mod_pubsub_old gets. */
export function pubsubApi(engine: Engine): PubsubApi {
  return {
    open: (domain, rules) => open(engine, domain, rules),
    close: (domain) => void engine.services.delete(domain),
    erase: (domain) => erase(engine, domain),
    adjust({ rules, ignoreOffline }) {
      const before = { personal: engine.personal, ignoreOffline: engine.ignoreOffline }
      Object.assign(engine, { personal: { ...engine.personal, ...rules } })
      engine.ignoreOffline = ignoreOffline ?? engine.ignoreOffline
      return () => Object.assign(engine, before)
    },
  }
}

async function erase({ host, nodes }: Engine, domain: string): Promise<void> {
  const service = parseJid(domain)
  for (const keeping of NODES)
    for (let writes = await keeping.next(service, host.storage, host.stores); writes.length > 0;) {
      await host.commit(...writes)
      writes = await keeping.next(service, host.storage, host.stores)
    }
  nodes.forget({ service, name: '' })
}

function open(engine: Engine, domain: string, rules: ServiceRules): ServiceAddition {
  const place: Place = { service: parseJid(domain), personal: false, rules }
  engine.services.set(domain, rules)
  const requests = requestService(engine.host, [...pubsubRoutes(engine, ['server']), ...serviceRoutes(engine, place)])
  return {
    domain,
    service: (delivery) => {
      const { stanza, from } = delivery
      if (stanza.name !== 'message') return requests(delivery)
      const form = stanza.attr('type') === 'error' ? undefined : answerIn(stanza)
      return form === undefined ? requests(delivery) : decide(engine, place, from, form)
    },
  }
}
