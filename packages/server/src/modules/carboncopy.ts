/** XEP-0280: Message Carbons. */
import {
  Body,
  CARBONS_NS,
  type CarbonDirection,
  CarbonsDisable,
  CarbonsEnable,
  CarbonsPrivate,
  type Jid,
  NoCopyHint,
  StanzaError,
  buildCarbon,
  messageType,
  result,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { messageHandedOver } from '../core/handover.ts'
import {
  type Delivery,
  type Host,
  type IqHandler,
  type Session,
  type SessionEntry,
  defineModule,
  iqSet,
  iqdiscOf,
  userReceive,
  userSend,
  when,
  xep,
} from '../core/module.ts'

/** Marks sessions that want copies. */
const WANTED = 'carbons'

/** XEP-0280 §6.1: payloads that make a message without body an instant message. */
const INSTANT_MESSAGING = new Set([
  'http://jabber.org/protocol/chatstates',
  'urn:xmpp:receipts',
  'urn:xmpp:chat-markers:0',
])
const MUC_USER = 'http://jabber.org/protocol/muc#user'
const DIRECT_INVITE = 'jabber:x:conference'

export default defineModule({
  key: 'mod_carboncopy',
  summary: "Copies a user's messages to all the user's devices.",
  specs: [xep(280, '1.0.1', { note: 'errors are copied only with a payload of instant messaging' })],
  config: { iqdisc: iqdiscOf('no_queue') },

  start(host) {
    return {
      features: [CARBONS_NS],
      accountFeatures: [CARBONS_NS],
      iq: [
        iqSet(CarbonsEnable, switching(host, true), ['account', 'server']),
        iqSet(CarbonsDisable, switching(host, false), ['account', 'server']),
      ],
      hooks: [
        userSend.on((delivery) => copySent(host, delivery), 'late'),
        userReceive.on(withoutPrivate),
        messageHandedOver.on((delivery, resources) => copyReceived(host, delivery, resources)),
      ],
    }
  },
})

/** XEP-0280 §4 and §5; asking twice is as good as once (§9.1). */
function switching(host: Host, on: boolean): IqHandler {
  return (iq, { from }) => {
    const { directory } = host
    const session = directory.find(from)?.local
    if (session === undefined) throw new StanzaError('cancel', 'not-allowed')
    directory.mark(session, WANTED, on)
    return when(directory.spreading, () => result(iq))
  }
}

/** Messages on their way whose sender wants no copies; recipients do not see that (§10). */
const uncopied = new WeakSet<Delivery>()

function withoutPrivate(delivery: Delivery): Element | undefined {
  const { stanza } = delivery
  if (stanza.name !== 'message' || (CarbonsPrivate.in(stanza) === undefined && NoCopyHint.in(stanza) === undefined))
    return undefined
  uncopied.add(delivery)
  return stanza.withChildren(stanza.children.filter((child) => !CarbonsPrivate.is(child)))
}

function copySent(host: Host, delivery: Delivery): undefined {
  const { stanza, from, to, session } = delivery
  if (stanza.name !== 'message' || isOnly(host, session) || !isEligible(stanza)) return
  if (CarbonsPrivate.in(stanza) !== undefined || NoCopyHint.in(stanza) !== undefined) return
  // The copy is of what was sent, whatever filters of the recipient make of it; it goes out when the message is stored.
  delivery.afterwards(() => {
    // What one writes to oneself is copied where it does not arrive anyway.
    if (!from.bare.equals(to.bare))
      copy(host, 'sent', stanza, from.bare, host.directory.of(from), (other) => !isOf(other, session))
  })
}

function copyReceived(host: Host, delivery: Delivery, resources: readonly SessionEntry[]): void {
  const { stanza, from, to } = delivery
  const others = delivery.takers(host.directory.of(to))
  if (others.length === 1 && others[0] === resources[0]) return
  if (uncopied.has(delivery) || !isEligible(stanza) || isPrivateFromRoom(stanza)) return
  const reached = new Set(resources.map(keyOf))
  const direction = from.bare.equals(to.bare) ? 'sent' : 'received'
  copy(
    host,
    direction,
    stanza,
    to.bare,
    others,
    (other) => !reached.has(keyOf(other)) && !isOf(other, delivery.session),
  )
}

function copy(
  host: Host,
  direction: CarbonDirection,
  message: Element,
  user: Jid,
  resources: readonly SessionEntry[],
  isFor: (resource: SessionEntry) => boolean,
): void {
  for (const resource of resources) {
    if (!resource.marks.includes(WANTED) || !isFor(resource)) continue
    host.deliver(resource, buildCarbon(direction, message, user.toString(), resource.jid.toString()))
  }
}

/** What a resource is known by while a message is on its way: other nodes may tell of theirs once more meanwhile. */
const keyOf = ({ local, jid }: SessionEntry): Session | string => local ?? jid.resource

const isOf = ({ local }: SessionEntry, session: Session | undefined): boolean =>
  local !== undefined && local === session

/** Whether a user has no other device than this one: so it is with most, and there is nothing to copy. */
function isOnly({ directory }: Host, session: Session | undefined): boolean {
  if (session === undefined) return false
  const resources = directory.of(session.jid)
  return resources.length === 1 && isOf(resources[0]!, session)
}

/** XEP-0280 §6.1: whether a message is one of those that people exchange. */
function isEligible(message: Element): boolean {
  const type = messageType(message)
  if (type === 'groupchat' || type === 'headline') return false
  if (type === 'chat') return true
  const children = message.elements()
  if (children.some(({ ns }) => INSTANT_MESSAGING.has(ns) || ns === DIRECT_INVITE)) return true
  if (isRoomWord(message)) return hasMediatedInvitation(message)
  return type === 'normal' && Body.in(message) !== undefined
}

/** A private message of a room's occupant: the room sends it to all devices that have joined. */
function isPrivateFromRoom(message: Element): boolean {
  return isRoomWord(message) && !hasMediatedInvitation(message)
}

function isRoomWord(message: Element): boolean {
  return message.elements().some(({ ns }) => ns === MUC_USER)
}

function hasMediatedInvitation(message: Element): boolean {
  const words = message.elements().find(({ ns }) => ns === MUC_USER)
  return words?.elements().some(({ name }) => name === 'invite') === true
}
