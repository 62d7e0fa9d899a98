/** RFC 6121 §4: presence. Works without a roster: then users see only their own resources and presence that is directed to them. */
import {
  defineModule,
  integer,
  presenceOfUser,
  presenceToUser,
  rfc,
  sessionArrived,
  sessionClosed,
  sessionLost,
  sessionPacked,
  subscriptionChanged,
  userSend,
} from '../../core/module.ts'
import { arrive } from './arrival.ts'
import { Availability } from './availability.ts'
import { noteDirected, packDirected, unpackDirected } from './directed.ts'

export default defineModule({
  key: 'mod_presence',
  summary: 'Tells contacts who is available.',
  specs: [rfc(6121, { note: 'presence, §4' })],
  config: {
    max_directed: integer(1000, 'To how many others a session may direct its presence at a time.'),
  },

  start(host, config) {
    const availability = new Availability(host)
    return {
      hooks: [
        userSend.on((delivery) => noteDirected(delivery, config.max_directed), 'late'),
        presenceOfUser.on((delivery, session) => availability.say(delivery, session)),
        presenceToUser.on((delivery) => arrive(host, delivery)),
        sessionClosed.on((session) => availability.ended(session)),
        sessionLost.on((entry) => availability.lost(entry)),
        sessionPacked.on(packDirected),
        sessionArrived.on(unpackDirected),
        subscriptionChanged.on((...change) => availability.subscriptionChanged(...change)),
      ],
    }
  },
})
