/**
 * Where every stanza comes in, whoever sent it: it becomes a delivery, which takes the one path (`StanzaPath`). Whoever waits for it learns when its
 * session may go on, and when all that it leaves behind is stored.
 */
import { type Jid, tryJid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { Delivery, type Origin } from './delivery.ts'
import type { Held, InboundCounter } from './gate.ts'
import { messageToSleepers } from './handover.ts'
import type { Kernel } from './kernel.ts'
import { Line } from './line.ts'
import { commitFailed, refuse } from './refusal.ts'
import { rerouted } from './reroute.ts'
import type { Session } from './session.ts'
import { StanzaPath } from './stanza-path.ts'

/** What a delivery is taken through; a refusal is thrown, or what is returned rejects with it. */
type Step = (delivery: Delivery) => void | Promise<void>

export class Router {
  readonly #kernel: Kernel
  /** What waits for a commit, by sender and recipient: nothing may overtake it. */
  readonly #line: Line
  readonly #path: StanzaPath
  /** What waits for a filter, a handler or an account. */
  readonly #running = new Set<Promise<unknown>>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#line = new Line(kernel.storage, {
      refused: (delivery, error) => commitFailed(kernel, delivery, error),
      stepFailed: (error) => kernel.report('delivery_failed', error),
    })
    this.#path = new StanzaPath(kernel, this.#line)
  }

  /**
   * Takes a stanza of a client, its `from` already stamped. Returns once the next stanza of the session may be taken; the returned delivery's
   * effects may still be waiting for their commit (see `settled`).
   */
  receive(session: Session, stanza: Element, to: Jid): void | Promise<void> {
    const delivery = this.#delivery(stanza, session.jid, to, 'client', session)
    const processed = this.#receive(delivery)
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

  #receive(delivery: Delivery): void | Promise<void> {
    const { stanza } = delivery
    if (stanza.name === 'message') return this.#timed(delivery)
    if (stanza.name !== 'presence' || stanza.attr('to') !== undefined) return this.process(delivery)
    return this.#guard(delivery, this.#announcing)
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
    this.#kernel.hosts.of(from.domain)?.counters.messageTime.observe(this.#kernel.clock.micros() - receivedAt)
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
    const waiting = this.#path.pass(delivery)
    if (waiting !== undefined) await this.#run(waiting)
    await this.settled(delivery)
  }

  /** Runs a delivery along the path; a refusal is answered to its sender. */
  process(delivery: Delivery): void | Promise<void> {
    return this.#guard(delivery, this.#passing)
  }

  // Made once, not for each stanza.
  readonly #passing: Step = (delivery) => this.#path.pass(delivery)
  readonly #announcing: Step = (delivery) => this.#path.announce(delivery)

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
      void this.#kernel.hosts.of(session.jid.domain)?.hooks.notify(messageToSleepers, delivery, [session])
    delivery.afterwards(() => {
      if (!session.closed) return session.deliver(stanza, at, handing)
      const waiting = rerouted(this, session.jid, [held])
      if (waiting !== undefined) delivery.follow(waiting)
    })
    void this.#line.pass(delivery)
    return this.#line.settling(delivery)
  }

  /**
   * Takes a delivery to a local user on from where the filters have passed it, such as one that a resource has taken and its client has not. What is sent
   * later between the two does not overtake it while the account is looked up.
   */
  reroute(delivery: Delivery): void | Promise<void> {
    const host = this.#kernel.hosts.of(delivery.to.domain)
    if (host === undefined) return
    const exists = this.#path.exists(host, delivery.to)
    if (exists instanceof Promise) this.#line.reserve(delivery)
    const waiting = this.#guard(delivery, () => this.#path.resume(host, delivery, exists))
    return waiting?.finally(() => this.#line.leave(delivery))
  }

  /** Resolves when what the delivery keeps is durable and it was handed on; rejects when the commit failed. */
  settled(delivery: Delivery): Promise<void> {
    return this.#line.settling(delivery) ?? Promise.resolve()
  }

  /** Resolves when all that is in line now has had its effects, or was refused. */
  lined(): Promise<void> {
    return this.#line.settled()
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

  /** Runs a step of the path and answers what it throws or rejects with. */
  #guard(delivery: Delivery, step: Step): void | Promise<void> {
    try {
      const waiting = step(delivery)
      if (waiting instanceof Promise) return this.#run(this.#refusing(delivery, waiting))
    } catch (error) {
      refuse(this.#kernel, delivery, error)
    }
  }

  #refusing(delivery: Delivery, waiting: Promise<void>): Promise<void> {
    return waiting.catch((error: unknown) => refuse(this.#kernel, delivery, error))
  }

  /** Counts a delivery as running until it is through. */
  #run(waiting: Promise<void>): Promise<void> {
    const running = waiting.finally(() => this.#running.delete(running))
    this.#running.add(running)
    return running
  }
}

/** What goes to many has its sender already. */
function addressed(stanza: Element, from: Jid, to: Jid): Element {
  const sender = from.toString()
  const sent = stanza.attr('from') === sender ? stanza : stanza.set('from', sender)
  return sent.set('to', to.toString())
}
