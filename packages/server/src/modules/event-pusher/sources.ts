/** Where events come from: what users send and receive, and their coming and going. */
import { Body, messageType } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import type { Delivery, Host, Registration, Session, Verdict } from '../../core/module.ts'
import { userReceive, userSend, when } from '../../core/module.ts'
import { userAvailable, userUnavailable } from '../presence/hooks.ts'
import { type ChatEvent, type Event, type Metadata, NO_METADATA, type UserStatusEvent } from './events.ts'
import { type Pushed, pushEvent } from './hooks.ts'
import { stampOf } from './stamp.ts'

/** What takes events: the sinks of the host type together. */
export interface Destination {
  /** Whether some sink takes events of this class. */
  wants(kind: Event['kind'], type?: ChatEvent['type']): boolean
  /** Takes an event of a delivery: it is to be kept with it, or to be sent after it. */
  join(delivery: Delivery, event: Event, metadata: Metadata): void
  /** Takes an event that stands alone. */
  add(event: Event, metadata: Metadata): void | Promise<void>
}

/** What the listeners of `pushEvent` begin with. */
const PUSHED: Pushed = { dropped: false, metadata: NO_METADATA }

/** The listeners that make events. */
export function sources(host: Host, destination: Destination): Registration[] {
  // Two processes may receive stanzas in the same microsecond.
  const process = crypto.randomUUID().slice(0, 8)
  const chat = (direction: ChatEvent['direction']) => (delivery: Delivery) =>
    reportMessage(host, destination, delivery, direction, process)
  const status = (online: boolean) => (session: Session) => reportStatus(host, destination, session, online, process)
  const hooks = [userSend.on(chat('in'), 'late'), userReceive.on(chat('out'), 'late')]
  if (!destination.wants('user_status_event')) return hooks
  return [...hooks, userAvailable.on(status(true)), userUnavailable.on(status(false))]
}

function reportMessage(
  host: Host,
  destination: Destination,
  delivery: Delivery,
  direction: ChatEvent['direction'],
  process: string,
): Verdict | Promise<Verdict> {
  const { stanza } = delivery
  if (stanza.name !== 'message') return undefined
  const type = messageType(stanza)
  if ((type !== 'chat' && type !== 'groupchat') || !destination.wants('chat_event', type)) return undefined
  const body = Body.in(stanza)
  const words = body === undefined ? '' : text(body)
  if (words === '') return undefined
  const event = chatEvent(host, delivery, direction, type, words, process)
  return when(host.hooks.fold(pushEvent, PUSHED, event), ({ dropped, metadata }) => {
    if (!dropped) destination.join(delivery, event, metadata)
    return undefined
  })
}

function chatEvent(
  host: Host,
  { from, to, receivedAt }: Delivery,
  direction: ChatEvent['direction'],
  type: ChatEvent['type'],
  body: string,
  process: string,
): ChatEvent {
  return {
    kind: 'chat_event',
    id: `${stampOf(receivedAt)}-${process}-${direction}`,
    hostType: host.type,
    at: receivedAt,
    conversation: conversationOf(direction, type, from.bare.toString(), to.bare.toString()),
    direction,
    type,
    from: from.toString(),
    to: to.toString(),
    body,
  }
}

/** Both directions of a chat are one conversation; a room is one, whoever speaks. */
function conversationOf(direction: ChatEvent['direction'], type: ChatEvent['type'], from: string, to: string): string {
  if (type === 'groupchat') return direction === 'in' ? to : from
  return from < to ? `${from} ${to}` : `${to} ${from}`
}

function reportStatus(
  host: Host,
  destination: Destination,
  session: Session,
  online: boolean,
  process: string,
): void | Promise<void> {
  const at = host.clock.micros()
  const event: UserStatusEvent = {
    kind: 'user_status_event',
    id: `${stampOf(at)}-${process}-${online ? 'online' : 'offline'}`,
    hostType: host.type,
    at,
    conversation: session.jid.bare.toString(),
    jid: session.jid.toString(),
    online,
  }
  return when(host.hooks.fold(pushEvent, PUSHED, event), ({ dropped, metadata }) =>
    dropped ? undefined : destination.add(event, metadata),
  )
}
