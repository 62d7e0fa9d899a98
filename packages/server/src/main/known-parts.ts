/** What this server has: only this may be switched on in the configuration. */
import { domainSettings } from '../core/config/declarations/general.ts'
import { s2sSettings } from '../core/config/declarations/s2s.ts'
import { goneHandlers } from '../core/config/declarations/http-handlers.ts'
import type { KnownParts } from '../core/config/types.ts'
import type { ModuleRegistry } from '../core/manager.ts'
import { OnDemand } from '../core/on-demand.ts'
import { boshSettings } from '../listeners/bosh/settings.ts'
import { authMethods } from './auth.ts'
import { poolTypes } from './pools.ts'

/** The parts, with the settings that the modules declare. */
export function knownParts(modules: ModuleRegistry): KnownParts {
  return {
    modules: new OnDemand(modules.keys(), (key) => ({ settings: modules.get(key)?.config ?? {} })),
    listeners: new Set(['c2s', 'component', 'http', 's2s']),
    httpHandlers: new Set([
      'mongoose_graphql_handler',
      'mongoose_bosh_handler',
      'mongoose_websocket_handler',
      'mongoose_prometheus_handler',
      'meerkat_health_handler',
      'meerkat_ready_handler',
      'meerkat_upload_handler',
      ...Object.keys(goneHandlers),
    ]),
    auth: authMethods,
    pools: poolTypes,
    services: new Map([
      ['service_bosh', { settings: boshSettings }],
      ['service_domain_db', { settings: domainSettings }],
      ['service_traffic', { settings: {} }],
    ]),
    // Figures are always kept; the handler of Prometheus serves them.
    instrumentation: new Set(['prometheus', 'log']),
    s2s: s2sSettings,
  }
}
