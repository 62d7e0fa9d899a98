/** XEP-0198 1.6.3: acknowledged stanzas, and sessions that survive their connections. */
import { StreamManagement } from '@meerkat/protocol'
import {
  backend,
  beforeBinding,
  connectionLost,
  defineModule,
  flag,
  integer,
  integerOrInfinity,
  nonza,
  seconds,
  section,
  sessionArrived,
  sessionClosed,
  sessionLeft,
  sessionPacked,
  streamFeatures,
  wordOfNode,
  xep,
} from '../../core/module.ts'
import { StreamManager } from './manager.ts'

export default defineModule({
  key: 'mod_stream_management',
  summary: 'Acknowledges stanzas, and lets clients go on with their session over another connection.',
  specs: [xep(198, '1.6.3')],
  config: {
    backend: backend(['mnesia', 'cets'], 'mnesia'),
    buffer: flag(true, 'Keep what was sent until the client has acknowledged it; without it nothing can be resumed.'),
    buffer_max: integerOrInfinity(100, 'How much may wait for an acknowledgement; then the connection is closed.', {
      min: 1,
    }),
    ack: flag(true, 'Ask clients to acknowledge what they were sent.'),
    ack_freq: integer(1, 'Behind how many stanzas the client is asked.', { min: 1 }),
    resume_timeout: seconds(600, 'How long a client that has lost its connection may take to come back.'),
    stale_h: section(
      {
        enabled: flag(false, 'Tell clients that come back too late how many of their stanzas were handled.'),
        repeat_after: seconds(1800, 'How often what is too old is forgotten.'),
        geriatric: seconds(3600, 'How long it is remembered.'),
      },
      'What is remembered of sessions that were not resumed in time.',
    ),
  },

  start(host, config) {
    const manager = new StreamManager(host, config)
    return {
      hooks: [
        streamFeatures.on((features) => [...features, StreamManagement()]),
        beforeBinding.on((newcomer, element) => manager.beforeBinding(newcomer, element)),
        nonza.on((session, element) => manager.nonza(session, element)),
        connectionLost.on((session) => manager.lost(session)),
        sessionClosed.on((session) => manager.closed(session)),
        sessionPacked.on((memory, session) => manager.pack(memory, session)),
        sessionLeft.on((session) => manager.left(session)),
        sessionArrived.on((session, memory) => manager.arrived(session, memory)),
        wordOfNode.on((word) => manager.elsewhere.heard(word)),
      ],
      stop: () => manager.stop(),
    }
  },
})
