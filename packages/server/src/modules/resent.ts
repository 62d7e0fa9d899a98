/**
 * Messages that are sent once more because their sender does not know whether they have arrived: same sender and recipient (bare JIDs) and same
 * origin-id (XEP-0359) within a day. What remembers a message is a write in the unit that keeps it, so that a message is kept and remembered
 * together or not at all. What keeps nothing costs nothing and is not remembered either; the first messages of a session are looked up all the same.
 */
import { type Jid, messageType, originId, tryJid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import {
  DROP,
  type Delivery,
  type Host,
  type Session,
  type Verdict,
  type SqlValue,
  type Write,
  HandledBefore,
  accountRemoved,
  defineModule,
  keptRows,
  messageUndelivered,
  messagesStoredLate,
  sessionSlot,
  userSend,
  when,
  xep,
} from '../core/module.ts'

/** How long a message is remembered, in microseconds: 24 hours. */
export const REMEMBERED = 24 * 3600 * 1_000_000
/** How often the server forgets what is older, in seconds. */
const FORGETTING = 600
/** Characters that an id may have to be remembered: clients make far shorter ones. */
const LONGEST_ID = 128

/**
 * How many of a session's first messages are looked up. A client that comes back sends again first what it was not acknowledged, and its
 * recipient may be there now: then nothing is kept of the second one, and no unit refuses it.
 */
export const CHECKED = 100
/** How many messages of before are looked at, the latest ones: more than a client has under way. */
const LATEST = 500
const slot = sessionSlot(() => ({ left: CHECKED, before: undefined as Before | undefined }))

/** What a user has sent before a session began, as recipient and origin-id. */
type Before = ReadonlySet<string> | Promise<ReadonlySet<string>>

const REMEMBER = `INSERT INTO dedup (sender, recipient, origin_id, at) VALUES (?, ?, ?, ?)
  ON CONFLICT (sender, recipient, origin_id) DO UPDATE SET at = excluded.at WHERE dedup.at <= ?`

const LATEST_OF = `SELECT recipient, origin_id FROM dedup WHERE sender = ? AND at > ? ORDER BY at DESC LIMIT ${LATEST}`

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
        userSend.on((delivery) => recognise(host, delivery), 'early'),
        messagesStoredLate.on((writes, messages, recipient) => [
          ...writes,
          ...messages.flatMap(({ stanza, at }) => rememberingLate(stanza, recipient, at) ?? []),
        ]),
        messageUndelivered.on(recogniseReturned, 'early'),
        accountRemoved.on((writes, user) => [...writes, forgettingSender(user.toString())]),
      ],
      stop: () => timer.cancel(),
    }
  },
})

function recognise(host: Host, delivery: Delivery): Verdict | Promise<Verdict> {
  const { stanza, from, to, receivedAt, session } = delivery
  const id = idOf(stanza)
  if (id === undefined) return
  delivery.keepAlong(remembering(from, to, id, receivedAt))
  const before = session && beforeOf(host, session)
  return before && when(before, (sent) => (sent.has(keyOf(to, id)) ? DROP : undefined))
}

const keyOf = (recipient: Jid, id: string): string => `${recipient.bare.toString()} ${id}`

/** What was remembered of a user when the session sent its first message; undefined when the session has sent so much since that it matters no more. */
function beforeOf(host: Host, session: Session): Before | undefined {
  const place = session.slot(slot)
  if (place.left === 0) return undefined
  if (--place.left === 0) {
    const last = place.before
    place.before = undefined
    return last
  }
  place.before ??= lookUp(host, session.jid.bare.toString())
    .catch((error: unknown) => {
      // To tell the sender that its message failed would be worse than to deliver it twice.
      host.report('resent_lookup_failed', error)
      return new Set<string>()
    })
    .then((sent) => {
      if (place.before !== undefined) place.before = sent
      return sent
    })
  return place.before
}

async function lookUp(host: Host, sender: string): Promise<ReadonlySet<string>> {
  const since = host.clock.now() * 1000 - REMEMBERED
  const rows = await host.storage.query<{ recipient: string; origin_id: string }>(LATEST_OF, sender, since)
  return new Set(rows.map((row) => `${row.recipient} ${row.origin_id}`))
}

/** The id by which a message is recognised, if it has one. */
function idOf(stanza: Element): string | undefined {
  // An error may bring the id of the message that it answers.
  if (stanza.name !== 'message' || messageType(stanza) === 'error') return
  const id = originId(stanza)
  return id === '' || (id !== undefined && id.length > LONGEST_ID) ? undefined : id
}

/** A message that had a taker first, and was lost on the way, may be stored only now: then nothing was remembered when it came. */
function recogniseReturned(delivery: Delivery): undefined {
  if (delivery.keepsAlong) return
  const write = rememberingLate(delivery.stanza, delivery.to, delivery.receivedAt)
  if (write !== undefined) delivery.keepAlong(write)
}

/** What was delivered and is stored only now is recognised from now on. If it was sent again meanwhile, it was delivered twice already. */
function rememberingLate(message: Element, recipient: Jid, at: number): Write | undefined {
  const [sender, id] = [tryJid(message.attr('from')), idOf(message)]
  if (sender === undefined || id === undefined) return undefined
  return { sql: REMEMBER, params: rowOf(sender, recipient, id, at) }
}

/** Remembers a message sent at `at` (microseconds since 1970); refuses the unit as handled before when it is remembered already. */
export function remembering(sender: Jid, recipient: Jid, id: string, at: number): Write {
  return { sql: REMEMBER, params: rowOf(sender, recipient, id, at), orElse: RESENT }
}

function rowOf(sender: Jid, recipient: Jid, id: string, at: number): SqlValue[] {
  return [sender.bare.toString(), recipient.bare.toString(), id, at, at - REMEMBERED]
}

/** Removes what need not be remembered any longer at the time `now`. */
export function forgetting(now: number): Write {
  return { sql: 'DELETE FROM dedup WHERE at <= ?', params: [now - REMEMBERED] }
}

function forgettingSender(sender: string): Write {
  return { sql: 'DELETE FROM dedup WHERE sender = ?', params: [sender] }
}
