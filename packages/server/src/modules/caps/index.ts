/** XEP-0115 and XEP-0390: what clients can do, found out once for all who have the same software. */
import { CAPS2_NS, CAPS_NS } from '@meerkat/protocol'
import {
  type Setting,
  backend,
  defineModule,
  featuresBeforeLogin,
  integer,
  list,
  milliseconds,
  nodeInfo,
  oneOf,
  seconds,
  sessionArrived,
  streamFeatures,
  wordOfNode,
  xep,
} from '../../core/module.ts'
import { presenceChanged, userUnavailable } from '../presence/hooks.ts'
import { provideCaps } from './api.ts'
import { CapsCache } from './cache.ts'
import { Finder } from './finder.ts'
import { ServerCaps } from './server-caps.ts'

const versions: Setting<readonly ('v1' | 'v2')[]> = list(
  oneOf(['v1', 'v2']),
  ['v1', 'v2'],
  'Which protocols are followed: XEP-0115 is "v1", XEP-0390 is "v2".',
  { unique: true, nonEmpty: true },
)

export default defineModule({
  key: 'mod_caps',
  summary: 'Knows what clients can do from the hashes in their presence.',
  specs: [
    xep(115, '1.6.0', { note: 'no caps optimization' }),
    xep(390, '0.3.2', { note: 'no caps optimization' }),
    xep(300, '1.0.0', { status: 'partial', note: 'SHA-2 and SHA-3' }),
  ],
  requires: ['mod_presence'],
  config: {
    backend: backend(['cets', 'mnesia'], 'cets'),
    iq_response_timeout: milliseconds(5000, 'How long a client that is asked for its features has to answer.'),
    versions,
    cache_size: integer(1000, 'How many hashes are remembered.', { min: 1 }),
    cache_life_time: seconds(86_400, 'How long a hash is remembered.'),
  },

  start(host, config) {
    const cache = new CapsCache(host.clock, config.cache_size, config.cache_life_time)
    const finder = new Finder(host, cache, config.versions, config.iq_response_timeout / 1000)
    const own = new ServerCaps(host, config.versions)
    const features = config.versions.map((version) => (version === 'v1' ? CAPS_NS : CAPS2_NS))
    provideCaps(host, finder)
    return {
      features,
      accountFeatures: features,
      hooks: [
        presenceChanged.on((session, presence) => finder.learn(session, presence), 'early'),
        userUnavailable.on((session) => finder.forget(session)),
        // Behind those who remember what the session was told.
        sessionArrived.on((session) => finder.arrived(session), 'late'),
        wordOfNode.on((word) => finder.heard(word)),
        featuresBeforeLogin.on(async (offered, domain) => [...offered, ...(await own.features(domain))]),
        streamFeatures.on(async (offered, domain) => [...offered, ...(await own.features(domain))]),
        nodeInfo.on((query) => own.info(query)),
      ],
      stop: () => provideCaps(host, undefined),
    }
  },
})
