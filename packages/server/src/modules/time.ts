/** XEP-0202: Entity Time. */
import { EntityTime, buildEntityTime, result } from '@meerkat/protocol'
import { defineModule, iqGet, iqdisc, xep } from '../core/module.ts'

export default defineModule({
  key: 'mod_time',
  summary: "Tells the server's time.",
  specs: [xep(202, '2.0'), xep(82, '1.1.1')],
  config: { iqdisc },

  start(host) {
    const answer = iqGet(
      EntityTime,
      (iq) => {
        const now = host.clock.now()
        return result(iq, buildEntityTime({ now: now * 1000, offset: 0 - new Date(now).getTimezoneOffset() }))
      },
      ['server'],
    )
    return { features: [EntityTime.ns], iq: [answer] }
  },
})
