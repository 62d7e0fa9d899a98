/** XEP-0279: Server IP Check. */
import { SicAddress, StanzaError, buildSicAddress, result } from '@meerkat/protocol'
import { defineModule, iqGet, iqdisc, xep } from '../core/module.ts'

export default defineModule({
  key: 'mod_sic',
  summary: 'Tells a client from which address the server sees it.',
  specs: [xep(279, '0.2')],
  config: { iqdisc },

  start() {
    const answer = iqGet(SicAddress, (iq, { from, to, delivery }) => {
      const { session } = delivery
      // XEP-0279 §4: nobody learns the address of another user, and who is not connected here has none
      if (session === undefined || (to.local !== '' && !to.equals(from.bare)))
        throw new StanzaError('auth', 'forbidden')
      const { ip, port } = session.connection
      return result(iq, buildSicAddress({ ip, port }))
    })
    return { features: [SicAddress.ns], iq: [answer] }
  },
})
