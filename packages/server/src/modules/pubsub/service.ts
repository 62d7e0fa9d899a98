/** Services on domains of their own. */
import { parseJid } from '@meerkat/protocol'
import { type ServiceAddition, requestService } from '../../core/module.ts'
import type { PubsubApi } from './api.ts'
import { answerIn, decide } from './authorization.ts'
import { SERVICE_NAME, serviceRoutes } from './disco.ts'
import type { Engine, ServiceRules } from './engine.ts'
import { NODES } from './keeps.ts'
import { pubsubRoutes } from './routes.ts'

/** What mod_pubsub_old gets. */
export function pubsubApi(engine: Engine): PubsubApi {
  return {
    open: (domain, rules) => open(engine, domain, rules),
    close: (domain) => void engine.services.delete(domain),
    erase: (domain) => erase(engine, domain),
    adjust({ rules, defaults, ignoreOffline }) {
      const before = { personal: engine.personal, ignoreOffline: engine.ignoreOffline }
      engine.personal = { ...engine.personal, ...rules, defaults: { ...engine.personal.defaults, ...defaults } }
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
  engine.services.set(domain, rules)
  const routes = [...pubsubRoutes(engine, ['server']), ...serviceRoutes(engine)]
  const requests = requestService(engine.host, routes)
  return {
    domain,
    name: SERVICE_NAME,
    service: (delivery) => {
      const { stanza, from, to } = delivery
      if (stanza.name !== 'message') return requests(delivery)
      const form = stanza.attr('type') === 'error' ? undefined : answerIn(stanza)
      if (form === undefined) return requests(delivery)
      return decide(engine, { service: parseJid(to.domain), personal: false, rules }, from, form)
    },
  }
}
