/** Keeps the domains of a server apart: nothing goes from one served domain, or a service of it, to another. */
import { StanzaError } from '@meerkat/protocol'
import { DROP, type Delivery, type Host, type Verdict, defineModule, userReceive, userSend } from '../core/module.ts'

export default defineModule({
  key: 'mod_domain_isolation',
  summary: 'Keeps users of different domains of this server apart.',
  specs: [],

  start(host) {
    return {
      hooks: [
        userSend.on((delivery) => isolate(host, delivery), 'early'),
        userReceive.on((delivery) => isolate(host, delivery), 'early'),
      ],
    }
  },
})

function isolate(host: Host, { stanza, from, to, origin }: Delivery): Verdict {
  // Nearly everything stays at its domain.
  if (from.domain === to.domain) return undefined
  const [here, there] = [host.homeOf(from.domain), host.homeOf(to.domain)]
  if (here === there || here === undefined || there === undefined) return undefined
  if (stanza.attr('type') === 'error') return origin === 'server' ? undefined : DROP
  // Nobody has asked for an answer to what the server tells in a user's name.
  if (stanza.name === 'presence' && origin === 'server') return DROP
  throw new StanzaError('cancel', 'service-unavailable', 'Filtered by the domain isolation')
}
