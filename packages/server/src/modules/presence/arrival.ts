/** RFC 6121 §4.3.2, §8.5.2 and §8.5.3: presence that arrives for a user of this server. */
import { Presence, StanzaError } from '@meerkat/protocol'
import { type Delivery, type Host, type SessionEntry, contactsOf, isSeen, when } from '../../core/module.ts'

/** Handles a presence for a local user, subscription stanzas excepted. */
export function arrive(host: Host, delivery: Delivery): true | Promise<true> {
  switch (delivery.stanza.attr('type')) {
    case undefined:
    case 'unavailable':
    case 'error':
      delivery.afterwards(() => {
        for (const entry of addressees(host, delivery)) host.deliver(entry, delivery.stanza)
      })
      return true
    case 'probe':
      return answerProbe(host, delivery)
    case 'subscribe':
    case 'subscribed':
    case 'unsubscribe':
    case 'unsubscribed':
      // Without a roster nobody subscribes to anybody.
      return true
    default:
      throw new StanzaError('modify', 'bad-request')
  }
}

/** RFC 6121 §8.5.2.1.2: all available resources for the bare JID; §8.5.3: the connected resource for a full one. */
function addressees(host: Host, { to }: Delivery): readonly SessionEntry[] {
  if (to.resource === '') return availableOf(host, to)
  const entry = host.directory.find(to)
  return entry === undefined ? [] : [entry]
}

const availableOf = (host: Host, to: Delivery['to']): SessionEntry[] =>
  host.directory.of(to).filter(({ presence }) => presence !== undefined)

/** RFC 6121 §4.3.2. */
function answerProbe(host: Host, delivery: Delivery): true | Promise<true> {
  const [user, asker] = [delivery.to.bare, delivery.from.bare]
  if (user.equals(asker)) return tellPresence(host, delivery)
  return when(host.hooks.first(contactsOf, user), (contacts) => {
    if (contacts === undefined) return true
    if (isSeen(contacts.get(asker)?.subscription)) return tellPresence(host, delivery)
    // Rule 1: the asker believes in a subscription that does not exist
    return answer(host, delivery, () => [host.send(Presence({ type: 'unsubscribed' }), user, asker)])
  })
}

/** Rules 3 and 4: the last presence of each available resource, or that there is none. */
function tellPresence(host: Host, delivery: Delivery): true {
  return answer(host, delivery, () => {
    const { from, to } = delivery
    const answers = addressees(host, delivery).flatMap(({ jid, presence }) =>
      presence === undefined ? [] : host.send(presence, jid, from),
    )
    return answers.length > 0 ? answers : [host.send(Presence({ type: 'unavailable' }), to, from)]
  })
}

/** Sends answers when the probe has run its course; none of them is worth a failure of another. */
function answer(host: Host, delivery: Delivery, send: () => Promise<void>[]): true {
  delivery.afterwards(() => {
    Promise.all(send()).catch((error: unknown) => host.report('presence_failed', error))
  })
  return true
}
