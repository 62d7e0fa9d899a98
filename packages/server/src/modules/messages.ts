/** Which of a user's resources a message goes to (RFC 6121 §8.5). Part of every server. */
import { Body, NoStoreHint, StanzaError, isOnlyChatState, messageType } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { messageHandedOver, messageObsolete, messageToSleepers, handingOf } from '../core/handover.ts'
import {
  type Delivery,
  type Host,
  type Session,
  type SessionEntry,
  defineModule,
  messageToUser,
  messageUndelivered,
  rfc,
  when,
} from '../core/module.ts'

export default defineModule({
  key: 'mod_messages',
  summary: 'Delivers messages to the resources of their recipient.',
  specs: [rfc(6121, { note: 'the delivery rules for messages, §8.5' })],
  always: true,

  start(host) {
    return { hooks: [messageToUser.on((delivery) => route(host, delivery))] }
  },
})

function route(host: Host, delivery: Delivery): true | Promise<true> {
  const { to } = delivery
  if (to.resource !== '') {
    const resource = host.directory.find(to)
    // RFC 6121 §8.5.3.1: the resource is connected; its presence does not matter
    if (resource !== undefined) return handOver(host, delivery, [resource])
  }
  switch (messageType(delivery.stanza)) {
    case 'chat':
    case 'normal': {
      if (isElsewhere(host, delivery)) return true
      const resources = mostAvailable(delivery.takers(host.directory.of(to)))
      return resources.length > 0 ? handOver(host, delivery, resources) : undelivered(host, delivery)
    }
    case 'headline':
      // RFC 6121 §8.5.2.1.1 and §8.5.3.2.1: all available resources by bare JID, none by a full JID that is gone
      return handOver(host, delivery, to.resource === '' ? available(delivery.takers(host.directory.of(to))) : [])
    case 'groupchat':
      throw new StanzaError('cancel', 'service-unavailable')
    case 'error':
      return true
  }
}

function handOver(host: Host, delivery: Delivery, resources: readonly SessionEntry[]): true {
  if (!delivery.archived && resources.length > 0 && resources.every(sleeps)) {
    const sleepers = resources.flatMap(({ local }): Session[] => (local === undefined ? [] : [local]))
    void host.hooks.notify(messageToSleepers, delivery, sleepers)
  }
  delivery.afterwards(() => {
    const handing = handingOf(delivery, resources)
    let reached = resources.length === 0
    for (const resource of resources) reached = host.handOver(resource, delivery, handing) || reached
    if (!reached) host.redeliver(delivery)
    else if (resources.length > 0) void host.hooks.notify(messageHandedOver, delivery, resources)
  })
  return true
}

/** Whether a session here has no connection. */
const sleeps = ({ local }: SessionEntry): boolean => local?.lost === true

/** Whether a resource has a message that another one held when it ended: it is not given to anybody else, and to this one not again. */
function isElsewhere(host: Host, delivery: Delivery): boolean {
  const { to, sharers, receivedAt } = delivery
  if (sharers.length === 0 || !host.directory.of(to).some((resource) => sharers.includes(resource))) return false
  delivery.afterwards(() => void host.hooks.notify(messageObsolete, to.bare, receivedAt))
  return true
}

/** The resources that take messages for the bare JID: those of non-negative priority (RFC 6121 §8.5.2.1). */
function available(resources: readonly SessionEntry[]): SessionEntry[] {
  return resources.filter(({ priority }) => priority !== undefined && priority >= 0)
}

/** Of these, all that share the highest priority, as MongooseIM does; the others get copies through carbons. */
function mostAvailable(resources: readonly SessionEntry[]): readonly SessionEntry[] {
  // Most users have one resource.
  if (resources.length === 1 && (resources[0]!.priority ?? -1) >= 0) return resources
  let best: SessionEntry[] = []
  let highest = 0
  for (const resource of resources) {
    const { priority } = resource
    if (priority === undefined || priority < highest) continue
    if (priority > highest) best = []
    highest = priority
    best.push(resource)
  }
  return best
}

const bounced = (): StanzaError => new StanzaError('cancel', 'service-unavailable', 'Bounce offline message')

/**
 * What is about the present moment, and has no meaning later: a chat state alone (XEP-0085 §5.1), and what has no text and asks not to be kept
 * (XEP-0334 §4.2). Nobody misses it, and clients show its error to their users.
 */
function isFleeting(message: Element): boolean {
  return isOnlyChatState(message) || (NoStoreHint.in(message) !== undefined && Body.in(message) === undefined)
}

/** RFC 6121 §8.5.2.2: somebody keeps it, or the sender is told. What filters keep of it, such as the archive's copy, stays kept. */
function undelivered(host: Host, delivery: Delivery): true | Promise<true> {
  return when(host.hooks.first(messageUndelivered, delivery), (taken) => {
    if (taken !== true && !isFleeting(delivery.stanza)) delivery.afterwards(() => host.bounce(delivery, bounced()))
    return true as const
  })
}
