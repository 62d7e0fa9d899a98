/**
 * The one path of every stanza, whoever sent it: filters of the sender's side, the question who serves the address, filters of the
 * recipient's side, the commit of what is kept, and only then the sessions.
 */
import { type Jid, StanzaError, errorReply, isRequest, mayBounce, tryJid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { Delivery, type Origin } from './delivery.ts'
import type { SessionEntry } from './directory.ts'
import type { Held, InboundCounter } from './gate.ts'
import { type Handing, messageToSleepers, wouldBeStored } from './handover.ts'
import { filter, first } from './hooks.ts'
import type { Host } from './host.ts'
import type { Kernel } from './kernel.ts'
import { Line } from './line.ts'
import { rerouted } from './reroute.ts'
import type { Session } from './session.ts'
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
/**
 * Fired before the sender of a message is told that it was refused, or that nobody takes it; true when a listener tells it, or need not.
 * `durable`: whether what the message leaves behind is stored all the same.
 */
export const messageRefused = first<[delivery: Delivery, durable: boolean], boolean>('message refused')

export class Router {
  readonly #kernel: Kernel
  /** What waits for a commit, by sender and recipient: nothing may overtake it. */
  readonly #line: Line
  /** What waits for a filter, a handler or an account. */
  readonly #running = new Set<Promise<unknown>>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#line = new Line(kernel.storage, {
      refused: (delivery, error) => this.#commitFailed(delivery, error),
      stepFailed: (error) => kernel.report('delivery_failed', error),
    })
  }

  /**
   * Takes a stanza of a client, its `from` already stamped. Returns once the next stanza of the session may be taken; the returned delivery's
   * effects may still be waiting for their commit (see `settled`).
   */
  receive(session: Session, stanza: Element, to: Jid): void | Promise<void> {
    const delivery = this.#delivery(stanza, session.jid, to, 'client', session)
    const processed = this.#receive(session, delivery)
    if (session.inbound !== undefined) this.#count(session.inbound, delivery, processed)
    return processed
  }

  /**
   * Takes a stanza of another server, its addresses already checked. Returns once the next one may be taken; a refusal goes to `from`, and `counter`
   * is told.
   */
  enter(stanza: Element, from: Jid, to: Jid, origin: Origin, counter?: InboundCounter): void | Promise<void> {
    const delivery = this.#delivery(stanza, from, to, origin)
    const processed = this.process(delivery)
    if (counter !== undefined) this.#count(counter, delivery, processed)
    return processed
  }

  #count(counter: InboundCounter, delivery: Delivery, processed: void | Promise<void>): void {
    counter.count(processed === undefined ? this.#line.ending(delivery) : this.#endingLate(delivery, processed))
  }

  async #endingLate(delivery: Delivery, processed: Promise<void>): Promise<void> {
    // Whoever waits for the processing has the error.
    await processed.catch(() => undefined)
    await this.#line.ending(delivery)
  }

  #receive(session: Session, delivery: Delivery): void | Promise<void> {
    const { stanza } = delivery
    if (stanza.name === 'message') return this.#timed(delivery)
    if (stanza.name !== 'presence' || stanza.attr('to') !== undefined) return this.process(delivery)
    return this.#guard(delivery, () =>
      when(this.#hostOf(session.jid)!.hooks.filter(userSend, delivery), (passed) => {
        if (!passed) return
        return when(this.#hostOf(session.jid)!.hooks.first(presenceOfUser, delivery, session), () =>
          this.#finish(delivery),
        )
      }),
    )
  }

  /** Processes a client's message and notes how long its session waits for that. */
  #timed(delivery: Delivery): void | Promise<void> {
    const waiting = this.process(delivery)
    if (waiting !== undefined) return this.#timedLate(delivery, waiting)
    this.#took(delivery)
  }

  async #timedLate(delivery: Delivery, waiting: Promise<void>): Promise<void> {
    await waiting
    this.#took(delivery)
  }

  /** Since it was received: the clock need not be read once more, which costs as much as looking up a user. */
  #took({ from, receivedAt }: Delivery): void {
    this.#hostOf(from)?.counters.messageTime.observe(this.#kernel.clock.micros() - receivedAt)
  }

  /**
   * Sends a stanza that did not come from a client's stream: of the API, a module or the server itself. It takes the same path.
   * Resolves when everything it leaves behind is stored and it is handed to whom it reaches; a refusal goes to `from` as an error stanza.
   */
  async send(stanza: Element, from: Jid, to: Jid, origin: Origin = 'server'): Promise<void> {
    await this.post(stanza, from, to, origin)
  }

  /** Like `send`, for whoever sends much: undefined when nothing of it waits any more. */
  post(stanza: Element, from: Jid, to: Jid, origin: Origin = 'server'): void | Promise<void> {
    const delivery = this.#delivery(addressed(stanza, from, to), from, to, origin)
    const waiting = this.process(delivery)
    return waiting === undefined ? this.#line.settling(delivery) : waiting.then(() => this.settled(delivery))
  }

  /** Like `send`, but a refusal is thrown as the StanzaError instead of being sent to `from`. */
  async submit(stanza: Element, from: Jid, to: Jid, origin: Origin): Promise<void> {
    const delivery = this.#delivery(addressed(stanza, from, to), from, to, origin)
    const waiting = this.#pass(delivery)
    if (waiting !== undefined) await this.#run(waiting)
    await this.settled(delivery)
  }

  /** Runs a delivery along the path; a refusal is answered to its sender. */
  process(delivery: Delivery): void | Promise<void> {
    return this.#guard(delivery, this.#passing)
  }

  readonly #passing = (delivery: Delivery): void | Promise<void> => this.#pass(delivery)

  /** Resolves when what the delivery keeps is durable and it was handed on; rejects when the commit failed. */
  settled(delivery: Delivery): Promise<void> {
    return this.#line.settling(delivery) ?? Promise.resolve()
  }

  /** Resolves when no delivery is on its way any more, true, or after `seconds`, false. For a server that stops (R20). */
  async idle(seconds: number): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<false>()
    const timer = this.#kernel.timers.after(seconds, () => resolve(false))
    const done = await Promise.race([late, this.#finished()])
    timer.cancel()
    return done
  }

  async #finished(): Promise<true> {
    // What ends may have sent something on.
    while (this.#running.size > 0 || !this.#line.empty)
      await Promise.all([Promise.allSettled(this.#running), this.#line.settled()])
    return true
  }

  /** Hands a stanza to a resource, wherever it is connected; false when the resource has gone and no other has taken its address. */
  toResource(entry: SessionEntry, stanza: Element, at?: number, handing?: Handing): boolean {
    const { local } = entry
    if (local === undefined) this.#kernel.carry(entry, stanza, at, handing)
    else if (!local.closed) local.deliver(stanza, at, handing)
    else {
      const heir = this.#kernel.directory.find(entry.jid)
      return heir !== undefined && heir.local !== local && this.toResource(heir, stanza, at, handing)
    }
    return true
  }

  /**
   * Hands a message to a resource; false when the resource has gone and no other has taken its address. One that goes to another node counts as
   * handled when it is stored there, should it be kept for a client that has lost its connection; one of the API, when it is there.
   */
  handOver(entry: SessionEntry, delivery: Delivery, handing?: Handing): boolean {
    const { stanza, receivedAt: at, origin, archived } = delivery
    if (entry.local !== undefined) return this.toResource(entry, stanza, at, handing)
    const stored = !archived && this.#hostOf(entry.jid)?.hooks.first(wouldBeStored, stanza) === true
    if (!stored && origin !== 'api') return this.toResource(entry, stanza, at, handing)
    const carried = this.#kernel.carried(entry, { stanza, at, handing }, stored)
    if (carried !== undefined) delivery.follow(this.#tellingFailure(delivery, carried))
    return true
  }

  async #tellingFailure(delivery: Delivery, carried: Promise<void>): Promise<void> {
    try {
      await carried
    } catch (error) {
      this.#commitFailed(delivery, error)
      throw error
    }
  }

  /** Takes a stanza that another node has sent to a session here; resolves when all that it leaves behind is durable, undefined when it is. */
  arrive(session: Session, held: Held): Promise<void> | undefined {
    const { stanza, at, handing } = held
    const from = tryJid(stanza.attr('from'))
    if (from === undefined) {
      session.deliver(stanza, at, handing)
      return undefined
    }
    const delivery = new Delivery(stanza, from, session.jid, 'node', at)
    delivery.archived = handing?.archived === true
    if (stanza.name === 'message' && session.lost && !delivery.archived)
      void this.#hostOf(session.jid)?.hooks.notify(messageToSleepers, delivery, [session])
    delivery.afterwards(() => {
      if (!session.closed) return session.deliver(stanza, at, handing)
      const waiting = rerouted(this, session.jid, [held])
      if (waiting !== undefined) delivery.follow(waiting)
    })
    void this.#finish(delivery)
    return this.#line.settling(delivery)
  }

  /** Finds other takers for a message whose resources have gone while it waited for its commit. Filters have passed it and do not see it again. */
  redeliver(delivery: Delivery): void {
    const { stanza, from, to, origin, session, receivedAt } = delivery
    const again = new Delivery(stanza, from, to, origin, receivedAt, session)
    again.archived = delivery.archived
    const waiting = this.reroute(again)
    delivery.follow(waiting === undefined ? this.settled(again) : waiting.then(() => this.settled(again)))
  }

  /**
   * Takes a delivery to a local user on from where the filters have passed it, such as one that a resource has taken and its client has not. What is sent
   * later between the two does not overtake it while the account is looked up.
   */
  reroute(delivery: Delivery): void | Promise<void> {
    const host = this.#hostOf(delivery.to)
    if (host === undefined) return
    const exists = this.#exists(host, delivery.to)
    if (exists instanceof Promise) this.#line.reserve(delivery)
    const waiting = this.#guard(delivery, () =>
      when(exists, (found) => {
        // S42: the account may be gone, and nothing is left to a successor.
        if (!found) throw new StanzaError('cancel', 'service-unavailable', 'User not found')
        return this.#deliver(host, delivery)
      }),
    )
    return waiting?.finally(() => this.#line.leave(delivery))
  }

  #exists(host: Host, user: Jid): boolean | Promise<boolean> {
    return this.#kernel.directory.of(user).length > 0 || host.accounts.exists(user.bare)
  }

  /** Answers the sender of a delivery. */
  answer(delivery: Delivery, reply: Element): void {
    if (delivery.session !== undefined) delivery.session.deliver(reply)
    else if (delivery.origin !== 'server' || delivery.from.local !== '')
      void this.process(this.#delivery(reply, delivery.to, delivery.from, 'server'))
    else this.#kernel.requests.settle(reply, delivery.to)
  }

  #delivery(stanza: Element, from: Jid, to: Jid, origin: Origin, session?: Session): Delivery {
    return new Delivery(stanza, from, to, origin, this.#kernel.clock.micros(), session)
  }

  #hostOf(jid: Jid): Host | undefined {
    return this.#kernel.hosts.of(jid.domain)
  }

  #pass(delivery: Delivery): void | Promise<void> {
    const sender = delivery.from.local === '' ? undefined : this.#hostOf(delivery.from)
    if (sender === undefined) return this.#route(delivery)
    const passed = sender.hooks.filter(userSend, delivery)
    return passed === true ? this.#route(delivery) : this.#sent(sender, delivery, passed)
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
    if (service !== undefined) return when(service(delivery), () => this.#finish(delivery))
    this.#kernel.counters.noRouteFound++
    throw new StanzaError('cancel', 'remote-server-not-found')
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
    const exists = this.#exists(host, delivery.to)
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
    if (entry !== undefined) delivery.afterwards(() => void this.toResource(entry, delivery.stanza))
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
      delivery.afterwards(() => this.answer(delivery, reply))
      return this.#finish(delivery)
    })
  }

  /** Commits what is kept, then lets the stanza have its effects; refuses it when the commit fails. */
  #finish(delivery: Delivery): void | Promise<void> {
    return this.#line.pass(delivery)
  }

  /** Only clients and other servers are answered here: who waits for `settled` learns of the failure there. */
  #commitFailed(delivery: Delivery, error: unknown): void {
    const host = this.#hostOf(delivery.from) ?? this.#hostOf(delivery.to)
    if (host !== undefined) host.counters.commitsFailed++
    const known = error instanceof StanzaError
    if (!known) this.#kernel.report('commit_failed', error)
    if (delivery.session !== undefined || delivery.origin === 's2s')
      this.#refuse(delivery, known ? error : new StanzaError('wait', 'internal-server-error'))
  }

  /** Runs a step of the path and answers what it throws or rejects with. */
  #guard(delivery: Delivery, step: (delivery: Delivery) => void | Promise<void>): void | Promise<void> {
    try {
      const waiting = step(delivery)
      if (waiting instanceof Promise) return this.#run(this.#refusing(delivery, waiting))
    } catch (error) {
      this.#refuse(delivery, error)
    }
  }

  #refusing(delivery: Delivery, waiting: Promise<void>): Promise<void> {
    return waiting.catch((error: unknown) => this.#refuse(delivery, error))
  }

  /** Counts a delivery as running until it is through. */
  #run(waiting: Promise<void>): Promise<void> {
    const running = waiting.finally(() => this.#running.delete(running))
    this.#running.add(running)
    return running
  }

  /** Any exception but a StanzaError is a fault of ours: logged, and told as `internal-server-error` (R24). */
  #refuse(delivery: Delivery, error: unknown): void {
    const host = this.#hostOf(delivery.from) ?? this.#hostOf(delivery.to)
    if (host !== undefined) host.counters.stanzasRefused++
    const known = error instanceof StanzaError
    if (!known) this.#kernel.report('stanza_failed', error)
    const { stanza } = delivery
    // Nobody asked for an answer to a broadcast presence.
    if (!mayBounce(stanza) || (stanza.name === 'presence' && stanza.attr('to') === undefined)) return
    const reply = errorReply(stanza, known ? error : new StanzaError('wait', 'internal-server-error'))
    if (host === undefined || stanza.name !== 'message') return this.answer(delivery, reply)
    host.counters.messagesBounced++
    void when(host.hooks.first(messageRefused, delivery, false), (told) => {
      if (told !== true) this.answer(delivery, reply)
    })
  }
}

/** What goes to many has its sender already. */
function addressed(stanza: Element, from: Jid, to: Jid): Element {
  const sender = from.toString()
  const sent = stanza.attr('from') === sender ? stanza : stanza.set('from', sender)
  return sent.set('to', to.toString())
}

function countPresence(host: Host, presence: Element): void {
  host.counters.presencesRouted++
  const type = presence.attr('type')
  if (type === 'subscribed') host.counters.subscriptions++
  else if (type === 'unsubscribed') host.counters.unsubscriptions++
}
