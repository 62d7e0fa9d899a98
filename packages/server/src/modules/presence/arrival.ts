/** RFC 6121 §4.3.2, §8.5.2 and §8.5.3: presence that arrives for a user of this server. */
import { type Jid, Presence, StanzaError } from '@meerkat/protocol'
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
function addressees(host: Host, delivery: Delivery): readonly SessionEntry[] {
  const { to } = delivery
  if (to.resource === '') return delivery.takers(availableOf(host, to))
  const entry = host.directory.find(to)
  return entry === undefined ? [] : [entry]
}

const availableOf = (host: Host, to: Delivery['to']): SessionEntry[] =>
  host.directory.of(to).filter(({ presence }) => presence !== undefined)

/** RFC 6121 §4.3.2. */
function answerProbe(host: Host, delivery: Delivery): true | Promise<true> {
  const { from, to } = delivery
  return when(maySee(host, to.bare, from.bare), (seen) => {
    const about = (): readonly SessionEntry[] => addressees(host, delivery)
    // When the probe has run its course.
    if (seen !== undefined) delivery.afterwards(() => report(host, tell(host, seen, about(), to, from)))
    return true as const
  })
}

/** What a probe of a user here would bring to `asker`, a full JID, without one being sent: nearly all probes are of contacts on the same server. */
export function lookAt(host: Host, user: Jid, asker: Jid): void | Promise<void> {
  return when(maySee(host, user, asker.bare), (seen) => {
    if (seen !== undefined) return tell(host, seen, host.directory.of(user), user, asker)
  })
}

/** Whether a user's presence is for `asker`; undefined when there is nothing to say. */
function maySee(host: Host, user: Jid, asker: Jid): boolean | undefined | Promise<boolean | undefined> {
  if (user.equals(asker)) return true
  return when(host.hooks.first(contactsOf, user), (contacts) =>
    contacts === undefined ? undefined : isSeen(contacts.get(asker)?.subscription),
  )
}

/** Tells `asker` about those of `entries` that are available. */
function tell(
  host: Host,
  seen: boolean,
  entries: readonly SessionEntry[],
  user: Jid,
  asker: Jid,
): void | Promise<void> {
  // Rule 1: the asker believes in a subscription that does not exist
  if (!seen) return host.post(Presence({ type: 'unsubscribed' }), user.bare, asker.bare)
  // Rules 3 and 4: the last presence of each available resource, or that there is none
  const waiting: Promise<void>[] = []
  let available = 0
  for (const { jid, presence } of entries) {
    if (presence === undefined) continue
    available++
    const one = host.post(presence, jid, asker)
    if (one !== undefined) waiting.push(one)
  }
  if (available === 0) return host.post(Presence({ type: 'unavailable' }), user, asker)
  return waiting.length > 0 ? Promise.all(waiting).then(() => undefined) : undefined
}

/** No answer is worth a failure of another. */
function report(host: Host, sending: void | Promise<void>): void {
  sending?.catch((error: unknown) => host.report('presence_failed', error))
}
