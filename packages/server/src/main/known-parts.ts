/** What this server has: only this may be switched on in the configuration. */
import type { KnownParts } from '../core/config/types.ts'
import type { ModuleRegistry } from '../core/manager.ts'
import { boshSettings } from '../listeners/bosh/settings.ts'
import { authMethods } from './auth.ts'
import { poolTypes } from './pools.ts'

/** The parts, with the settings that the modules declare. */
export function knownParts(modules: ModuleRegistry): KnownParts {
  return {
    modules: new Map(Array.from(modules, ([key, { config = {} }]) => [key, { settings: config }])),
    listeners: new Set(['c2s', 'http']),
    httpHandlers: new Set([
      'mongoose_graphql_handler',
      'mongoose_bosh_handler',
      'mongoose_websocket_handler',
      'mongoose_prometheus_handler',
      'meerkat_health_handler',
      'meerkat_ready_handler',
    ]),
    auth: authMethods,
    pools: poolTypes,
    services: new Map([
      ['service_bosh', { settings: boshSettings }],
      ['service_traffic', { settings: {} }],
    ]),
    instrumentation: new Set(),
  }
}
