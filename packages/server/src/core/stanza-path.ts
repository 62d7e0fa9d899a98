/**
 * The way of a stanza through the server: filters of the sender's side, the question who serves the address, filters of the recipient's side, and the
 * line, where what is kept is committed before any session gets the stanza.
 */
import { type Jid, StanzaError, isRequest } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Delivery } from './delivery.ts'
import { filter, first } from './hooks.ts'
import type { Host } from './host.ts'
import type { Service } from './hosts.ts'
import type { Kernel } from './kernel.ts'
import type { Line } from './line.ts'
import type { Session } from './session.ts'
import { toResource } from './to-resource.ts'
import { when } from './when.ts'

/** Everything that a local user sends, before it is routed. */
export const userSend = filter('user send')
/** Everything that is about to be delivered to a local user, once for all the user's resources. */
export const userReceive = filter('user receive')
/** Decides to which resources a message to a local user goes; fired once the filters have passed it. */
export const messageToUser = first<[delivery: Delivery], boolean>('message to user')
/** Handles a presence that is addressed to a local user. */
export const presenceToUser = first<[delivery: Delivery], boolean>('presence to user')
/** Handles a presence without an address: the user's own availability. */
export const presenceOfUser = first<[delivery: Delivery, session: Session], boolean>('presence of user')
/** Fired when a message has no resource to go to; true when a listener has taken care of it. */
export const messageUndelivered = first<[delivery: Delivery], boolean>('message undelivered')

/** The path, and where a delivery may set out on it. What refuses a delivery is thrown, or what is returned rejects with it. */
export class StanzaPath {
  readonly #kernel: Kernel
  readonly #line: Line

  constructor(kernel: Kernel, line: Line) {
    this.#kernel = kernel
    this.#line = line
  }

  /** Takes a delivery all the way. */
  pass(delivery: Delivery): void | Promise<void> {
    const sender = delivery.from.local === '' ? undefined : this.#hostOf(delivery.from)
    if (sender === undefined) return this.#route(delivery)
    const passed = sender.hooks.filter(userSend, delivery)
    return passed === true ? this.#route(delivery) : this.#sent(sender, delivery, passed)
  }

  /** Takes a presence of a client that has no address: it tells of the user's own availability. */
  announce(delivery: Delivery): void | Promise<void> {
    const session = delivery.session!
    return when(this.#hostOf(session.jid)!.hooks.filter(userSend, delivery), (passed) => {
      if (!passed) return
      return when(this.#hostOf(session.jid)!.hooks.first(presenceOfUser, delivery, session), () =>
        this.#finish(delivery),
      )
    })
  }

  /** Takes a delivery to a local user on from where the filters have passed it, once it is known whether there is such a user (`exists`). */
  resume(host: Host, delivery: Delivery, existing: boolean | Promise<boolean>): void | Promise<void> {
    return when(existing, (exists) => {
      // S42: the account may be gone, and nothing is left to a successor.
      if (!exists) throw new StanzaError('cancel', 'service-unavailable', 'User not found')
      return this.#deliver(host, delivery)
    })
  }

  /** Whether there is such a user: at once for one who is online. */
  exists(host: Host, user: Jid): boolean | Promise<boolean> {
    return this.#kernel.directory.of(user).length > 0 || host.accounts.exists(user.bare)
  }

  #hostOf(jid: Jid): Host | undefined {
    return this.#kernel.hosts.of(jid.domain)
  }

  // Where most messages wait for nothing, the way on is a plain call, and what goes on later stands in a function of its own:
  // a function with a closure in it makes room for what the closure needs each time it is called.

  #sent(sender: Host, delivery: Delivery, passing: boolean | Promise<boolean>): void | Promise<void> {
    return when(passing, (passed) => (passed ? this.#route(delivery) : this.#dropped(sender)))
  }

  #route(delivery: Delivery): void | Promise<void> {
    const host = this.#hostOf(delivery.to)
    if (host !== undefined)
      return delivery.to.local === '' ? this.#toServer(host, delivery) : this.#toUser(host, delivery)
    const { hosts } = this.#kernel
    const service = hosts.service(delivery.to.domain) ?? hosts.elsewhere
    if (service !== undefined) return this.#toService(service, delivery)
    this.#kernel.counters.noRouteFound++
    throw new StanzaError('cancel', 'remote-server-not-found')
  }

  #toService(service: Service, delivery: Delivery): void | Promise<void> {
    return when(service(delivery), () => this.#finish(delivery))
  }

  /** RFC 6120 §10.5.2 and §10.5.3: the server itself is addressed. */
  #toServer(host: Host, delivery: Delivery): void | Promise<void> {
    const { stanza } = delivery
    if (stanza.name === 'presence') return this.#finish(delivery)
    if (stanza.name === 'message') throw new StanzaError('cancel', 'service-unavailable')
    // RFC 6120 §10.5.3: a resource of the server's own domain is not served.
    if (delivery.to.resource !== '' && isRequest(stanza)) throw new StanzaError('cancel', 'service-unavailable')
    return this.#iq(host, 'server', delivery)
  }

  #toUser(host: Host, delivery: Delivery): void | Promise<void> {
    host.counters.messagesRouted += delivery.stanza.name === 'message' ? 1 : 0
    if (delivery.stanza.name === 'presence') countPresence(host, delivery.stanza)
    host.counters.iqsRouted += delivery.stanza.name === 'iq' ? 1 : 0
    const exists = this.exists(host, delivery.to)
    return exists === true ? this.#toAccount(host, delivery) : this.#toPerhaps(host, delivery, exists)
  }

  #toPerhaps(host: Host, delivery: Delivery, existing: boolean | Promise<boolean>): void | Promise<void> {
    return when(existing, (exists) => {
      if (exists) return this.#toAccount(host, delivery)
      // RFC 6121 §8.5.1: no such user; a presence is ignored
      if (delivery.stanza.name === 'presence') return this.#finish(delivery)
      throw new StanzaError('cancel', 'service-unavailable', 'User not found')
    })
  }

  #toAccount(host: Host, delivery: Delivery): void | Promise<void> {
    const passed = host.hooks.filter(userReceive, delivery)
    return passed === true ? this.#deliver(host, delivery) : this.#received(host, delivery, passed)
  }

  #received(host: Host, delivery: Delivery, passing: boolean | Promise<boolean>): void | Promise<void> {
    return when(passing, (passed) => {
      if (passed) return this.#deliver(host, delivery)
      this.#dropped(host)
      // The recipient's side wants none of it; the sender's side keeps its copies and its events.
      return this.#finish(delivery)
    })
  }

  /** A filter has ended a stanza. */
  #dropped(host: Host): void {
    host.counters.stanzasDropped++
  }

  #deliver(host: Host, delivery: Delivery): void | Promise<void> {
    const { stanza, to } = delivery
    if (stanza.name === 'message') {
      const taken = host.hooks.first(messageToUser, delivery)
      return taken === true ? this.#finish(delivery) : this.#taken(delivery, taken)
    }
    if (stanza.name === 'presence') return this.#presence(host, delivery)
    if (to.resource === '') return this.#iq(host, 'account', delivery)
    return this.#iqToResource(delivery)
  }

  #taken(delivery: Delivery, taking: boolean | undefined | Promise<boolean | undefined>): void | Promise<void> {
    return when(taking, (taken) => {
      if (taken !== true) throw new StanzaError('cancel', 'service-unavailable')
      return this.#finish(delivery)
    })
  }

  #presence(host: Host, delivery: Delivery): void | Promise<void> {
    return when(host.hooks.first(presenceToUser, delivery), () => this.#finish(delivery))
  }

  /** RFC 6121 §8.5.3.1 and §8.5.3.2.3: an IQ to a full JID. */
  #iqToResource(delivery: Delivery): void | Promise<void> {
    const entry = this.#kernel.directory.find(delivery.to)
    if (entry === undefined && isRequest(delivery.stanza)) throw new StanzaError('cancel', 'service-unavailable')
    if (entry !== undefined) delivery.afterwards(() => void toResource(this.#kernel, entry, delivery.stanza))
    return this.#finish(delivery)
  }

  /** The server answers, for itself or on behalf of the account. */
  #iq(host: Host, target: 'server' | 'account', delivery: Delivery): void | Promise<void> {
    if (!isRequest(delivery.stanza)) {
      const type = delivery.stanza.attr('type')
      if (type !== 'result' && type !== 'error') throw new StanzaError('modify', 'bad-request')
      // RFC 6120 §8.2.3: an answer nobody waits for is dropped
      if (!this.#kernel.requests.settle(delivery.stanza, delivery.from)) host.counters.stanzasDropped++
      return this.#finish(delivery)
    }
    return when(host.iq.answer(target, delivery), (reply) => {
      delivery.afterwards(() => this.#kernel.router.answer(delivery, reply))
      return this.#finish(delivery)
    })
  }

  /** Commits what is kept, then lets the stanza have its effects; refuses it when the commit fails. */
  #finish(delivery: Delivery): void | Promise<void> {
    return this.#line.pass(delivery)
  }
}

function countPresence(host: Host, presence: Element): void {
  host.counters.presencesRouted++
  const type = presence.attr('type')
  if (type === 'subscribed') host.counters.subscriptions++
  else if (type === 'unsubscribed') host.counters.unsubscriptions++
}
