/** Options of clients' streams that do not depend on the listener. */
import type { Auth } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import { STANDARD_RULES } from '../listeners/c2s/external.ts'
import type { C2sOptions } from '../listeners/c2s/options.ts'
import { mechanismsOf } from './auth.ts'
import { presentConfig } from './present-config.ts'

type StreamOptions = Pick<
  C2sOptions,
  'defaultDomain' | 'hideServiceName' | 'mechanisms' | 'external' | 'scramIterations'
>

/** What the configuration says of all streams of clients; of logins, what it says at the time. */
export function streamOptionsOf(kernel: Kernel): StreamOptions {
  const present = kernel.shared(presentConfig)
  const authOf = (hostType: string): Auth | undefined => present.current.hostTypes.get(hostType)?.auth
  return {
    defaultDomain: present.started.general.default_server_domain,
    hideServiceName: present.started.general.hide_service_name,
    mechanisms: (hostType) => {
      const auth = authOf(hostType)
      return auth === undefined ? undefined : mechanismsOf(auth)
    },
    external: (hostType) => {
      const auth = authOf(hostType)
      return auth === undefined ? STANDARD_RULES : { ways: auth.sasl_external, ...auth.sasl_external_common_name }
    },
    scramIterations: (hostType) => authOf(hostType)?.password.scram_iterations ?? 10_000,
  }
}
