/**
 * Messages that are sent once more because their sender does not know whether they have arrived: same sender and recipient (bare JIDs) and same
 * origin-id (XEP-0359) within a day. What remembers a message is a write in the unit that keeps it, so that a message is kept and remembered
 * together or not at all; what keeps nothing is not remembered either, and costs nothing.
 */
import { type Jid, messageType, originId } from '@meerkat/protocol'
import {
  type Delivery,
  type Write,
  HandledBefore,
  accountRemoved,
  defineModule,
  keptRows,
  userSend,
  xep,
} from '../core/module.ts'

/** How long a message is remembered, in microseconds: 24 hours. */
export const REMEMBERED = 24 * 3600 * 1_000_000
/** How often the server forgets what is older, in seconds. */
const FORGETTING = 600
/** Characters that an id may have to be remembered: clients make far shorter ones. */
const LONGEST_ID = 128

const REMEMBER = `INSERT INTO dedup (sender, recipient, origin_id, at) VALUES (?, ?, ?, ?)
  ON CONFLICT (sender, recipient, origin_id) DO UPDATE SET at = excluded.at WHERE dedup.at <= ?`

const RESENT = new HandledBefore('a message that was sent before')

/** It is forgotten within a day anyway. */
const SENDERS = keptRows('dedup', ['sender', 'recipient', 'origin_id'], (subject) =>
  subject.local === '' ? undefined : { where: 'sender = ?', params: [subject.toString()] },
)

export default defineModule({
  key: 'mod_resent',
  summary: 'Recognises messages that clients send again, by their origin-id.',
  specs: [xep(359, '0.7.0', { status: 'partial', note: 'what clients send again is not delivered again' })],
  always: true,
  keeps: [SENDERS],

  start(host) {
    const forget = (): void => {
      host
        .commit(forgetting(host.clock.now() * 1000))
        .catch((error: unknown) => host.report('forgetting_failed', error))
    }
    const timer = host.every(FORGETTING, forget)
    return {
      hooks: [
        userSend.on(recognise, 'early'),
        accountRemoved.on((writes, user) => [...writes, forgettingSender(user.toString())]),
      ],
      stop: () => timer.cancel(),
    }
  },
})

function recognise(delivery: Delivery): undefined {
  const { stanza, from, to, receivedAt } = delivery
  // An error may bring the id of the message that it answers.
  if (stanza.name !== 'message' || messageType(stanza) === 'error') return
  const id = originId(stanza)
  if (id !== undefined && id !== '' && id.length <= LONGEST_ID)
    delivery.keepAlong(remembering(from, to, id, receivedAt))
}

/** Remembers a message sent at `at` (microseconds since 1970); refuses the unit as handled before when it is remembered already. */
export function remembering(sender: Jid, recipient: Jid, id: string, at: number): Write {
  const params = [sender.bare.toString(), recipient.bare.toString(), id, at, at - REMEMBERED]
  return { sql: REMEMBER, params, orElse: RESENT }
}

/** Removes what need not be remembered any longer at the time `now`. */
export function forgetting(now: number): Write {
  return { sql: 'DELETE FROM dedup WHERE at <= ?', params: [now - REMEMBERED] }
}

function forgettingSender(sender: string): Write {
  return { sql: 'DELETE FROM dedup WHERE sender = ?', params: [sender] }
}
