/** Options of clients' streams that do not depend on the listener. */
import type { Config } from '../core/config/types.ts'
import type { C2sOptions } from '../listeners/c2s/options.ts'
import { mechanismsOf } from './auth.ts'

type StreamOptions = Pick<C2sOptions, 'defaultDomain' | 'hideServiceName' | 'mechanisms' | 'scramIterations'>

/** What a configuration says of all streams of clients. */
export function streamOptionsOf(config: Config): StreamOptions {
  return {
    defaultDomain: config.general.default_server_domain,
    hideServiceName: config.general.hide_service_name,
    mechanisms: (hostType) => {
      const auth = config.hostTypes.get(hostType)?.auth
      return auth === undefined ? undefined : mechanismsOf(auth)
    },
    scramIterations: (hostType) => config.hostTypes.get(hostType)?.auth.password.scram_iterations ?? 10_000,
  }
}
