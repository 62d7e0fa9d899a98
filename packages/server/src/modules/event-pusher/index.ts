/** Events for other systems: messages sent and received, and who comes and goes. */
import { defineModule, keptOtherwise } from '../../core/module.ts'
import type { RabbitPool } from '../../pools/rabbit-pool.ts'
import { provideSinks } from './api.ts'
import { removeOld } from './keeping.ts'
import { startRabbit } from './rabbit-sink.ts'
import { eventPusherSettings } from './settings.ts'
import { sources } from './sources.ts'

export default defineModule({
  key: 'mod_event_pusher',
  summary: 'Tells message brokers of messages and presence, at least once and in order.',
  specs: [],
  config: eventPusherSettings,
  requires: ['mod_presence'],
  keeps: [
    keptOtherwise('store_log event_dead_letters', 'what tells of an account goes with it, the rest by its age'),
    keptOtherwise('store_value paused_event_sinks', 'no users'),
  ],

  async start(host, config) {
    if (config.rabbit === undefined) return {}
    const rabbit = await startRabbit(host, config.rabbit, host.pool<RabbitPool>('rabbit', 'event_pusher'))
    provideSinks(host, [rabbit.control])
    const removing = removeOld(host, config)
    await rabbit.begun
    return {
      hooks: [...sources(host, rabbit.destination), ...rabbit.hooks],
      async stop() {
        provideSinks(host, [])
        removing.cancel()
        await rabbit.stop()
      },
    }
  },
})
