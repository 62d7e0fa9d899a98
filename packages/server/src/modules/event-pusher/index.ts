/** Events for other systems: messages sent and received, and who comes and goes. */
import { defineModule } from '../../core/module.ts'
import type { RabbitPool } from '../../pools/rabbit-pool.ts'
import { provideSinks } from './api.ts'
import { startRabbit } from './rabbit-sink.ts'
import { eventPusherSettings } from './settings.ts'
import { sources } from './sources.ts'

export default defineModule({
  key: 'mod_event_pusher',
  summary: 'Tells message brokers of messages and presence, at least once and in order.',
  specs: [],
  config: eventPusherSettings,
  requires: ['mod_presence'],

  async start(host, config) {
    if (config.rabbit === undefined) return {}
    const rabbit = startRabbit(host, config.rabbit, host.pool<RabbitPool>('rabbit', 'event_pusher'))
    provideSinks(host, [rabbit.control])
    await rabbit.begun
    return {
      hooks: sources(host, rabbit.destination),
      async stop() {
        provideSinks(host, [])
        await rabbit.stop()
      },
    }
  },
})
