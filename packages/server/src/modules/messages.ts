/** Which of a user's resources a message goes to (RFC 6121 §8.5). Part of every server. */
import { StanzaError, messageType } from '@meerkat/protocol'
import { messageHandedOver } from '../core/handover.ts'
import {
  type Delivery,
  type Host,
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
      const resources = mostAvailable(host.directory.of(to))
      return resources.length > 0 ? handOver(host, delivery, resources) : undelivered(host, delivery)
    }
    case 'headline':
      // RFC 6121 §8.5.2.1.1 and §8.5.3.2.1: all available resources by bare JID, none by a full JID that is gone
      return handOver(host, delivery, to.resource === '' ? available(host.directory.of(to)) : [])
    case 'groupchat':
      throw new StanzaError('cancel', 'service-unavailable')
    case 'error':
      return true
  }
}

function handOver(host: Host, delivery: Delivery, resources: readonly SessionEntry[]): true {
  delivery.afterwards(() => {
    let reached = resources.length === 0
    for (const resource of resources) reached = host.deliver(resource, delivery.stanza, delivery.receivedAt) || reached
    if (!reached) host.redeliver(delivery)
    else if (resources.length > 0) void host.hooks.notify(messageHandedOver, delivery, resources)
  })
  return true
}

/** The resources that take messages for the bare JID: those of non-negative priority (RFC 6121 §8.5.2.1). */
function available(resources: readonly SessionEntry[]): SessionEntry[] {
  return resources.filter(({ priority }) => priority !== undefined && priority >= 0)
}

/** Of these, all that share the highest priority, as MongooseIM does; the others get copies through carbons. */
function mostAvailable(resources: readonly SessionEntry[]): SessionEntry[] {
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

/** RFC 6121 §8.5.2.2: somebody keeps it, or the sender is told. What filters keep of it, such as the archive's copy, stays kept. */
function undelivered(host: Host, delivery: Delivery): true | Promise<true> {
  return when(host.hooks.first(messageUndelivered, delivery), (taken) => {
    const error = new StanzaError('cancel', 'service-unavailable', 'Bounce offline message')
    if (taken !== true) delivery.afterwards(() => host.bounce(delivery, error))
    return true as const
  })
}
