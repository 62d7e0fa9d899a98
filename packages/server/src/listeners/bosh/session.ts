/** One session of BOSH (XEP-0124): requests in their order, answers held back until there is something to say. */
import { randomBytes } from 'node:crypto'
import { type StreamCondition, StreamError, XBOSH_NS } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Kernel } from '../../core/kernel.ts'
import type { Counter } from '../../core/metrics.ts'
import type { C2sOptions, StreamLimits } from '../c2s/options.ts'
import type { Answer, Receiver, Wire } from '../c2s/wire.ts'
import { acceptedCertificate } from '../certificates/accepted.ts'
import { Absence } from './absence.ts'
import { Answers, type Held } from './answers.ts'
import {
  type BodyAttributes,
  type TerminalCondition,
  bodyText,
  creationAttributes,
  isLast,
  isSet,
  numberOf,
  terminalBody,
} from './body.ts'
import { KeySequence } from './keys.ts'
import { Outgoing } from './outgoing.ts'
import type { Reply } from './reply.ts'
import type { BoshOrigin, BoshRequest, BoshTerms } from './request.ts'

/** Stream errors that BOSH has a name for of its own. */
const CONDITIONS: Partial<Record<StreamCondition, TerminalCondition>> = {
  'host-unknown': 'host-unknown',
  'system-shutdown': 'system-shutdown',
}

/** A client's session. */
export class BoshSession implements Wire {
  readonly sid = randomBytes(20).toString('hex')
  readonly ip: string
  readonly port: number
  readonly encrypted: boolean
  readonly ready = true
  readonly #certificate: Buffer | undefined
  limits: StreamLimits
  readonly #kernel: Kernel
  readonly #terms: BoshTerms
  readonly #receiver: Receiver
  readonly #keys = new KeySequence()
  readonly #in: Counter
  readonly #out: Counter
  /** How many requests a client may have here (XEP-0124 §11). */
  readonly #window: number
  /** The request that is to be gone through next. */
  #next: number
  /** Requests that overtook others, or wait for the elements of an earlier one. */
  readonly #early = new Map<number, BoshRequest>()
  readonly #answers: Answers
  /** Elements not yet handed out. */
  #elements: [element: Element, bytes: number][] = []
  #paused = false
  #restarted = false
  /** Whom the client has asked for. */
  #to: string | undefined
  /** Whether the client has ended the session, with what stands before. */
  #finished = false
  readonly #outgoing: Outgoing
  #flushing = false
  /** What the first answer tells besides. */
  #creation: BodyAttributes | undefined
  #created = false
  readonly #absence: Absence
  /** The last words, where nobody was there to hear them. */
  #farewell: string | undefined
  #over = false
  #gone = false

  /** The request with `firstRid` begins the session; it has yet to be taken. */
  constructor(
    kernel: Kernel,
    options: C2sOptions,
    terms: BoshTerms,
    origin: BoshOrigin,
    firstRid: number,
    receiver: Receiver,
  ) {
    this.#kernel = kernel
    this.#outgoing = new Outgoing(options)
    this.#terms = terms
    this.#receiver = receiver
    this.ip = origin.ip
    this.port = origin.port
    this.encrypted = origin.encrypted
    this.#certificate = acceptedCertificate(origin.socket, kernel.clock.now())
    this.limits = options.beforeLogin
    const scope = kernel.metrics.scope()
    this.#in = scope.counter('bosh_data_received', 'byte_size')
    this.#out = scope.counter('bosh_data_sent', 'byte_size')
    this.#next = firstRid
    this.#window = terms.hold + 1
    this.#absence = new Absence(kernel.timers, terms.inactivity, () => receiver.lost('the client has no request'))
    this.#answers = new Answers(kernel.timers, {
      wait: terms.wait,
      // XEP-0124 §14.2: as many as there may be requests
      kept: this.#window,
      due: () => this.#answerNext(),
      changed: () => this.#watch(),
    })
  }

  get buffered(): number {
    return this.#elements.reduce((sum, [, bytes]) => sum + bytes, 0)
  }

  /** None: a session has many connections. */
  channelBinding(): undefined {
    return undefined
  }

  /** That of the connection which began the session; who goes on with it on others knows its `sid`. */
  certificate(): Buffer | undefined {
    return this.#certificate
  }

  /** Takes a request of this session, in whatever order it comes. */
  take(request: BoshRequest): void {
    if (this.#over) return this.#farewellTo(request.reply)
    const { rid } = request
    if (rid < this.#next) return this.#again(request)
    // XEP-0124 §11: one more may come to pause or to end the session
    const more = isLast(request.body) ? 1 : 0
    if (rid >= this.#next + this.#window + more) return this.refuse(request.reply, 'item-not-found')
    this.#early.get(rid)?.reply.send(bodyText({ type: 'error' }))
    this.#early.set(rid, request)
    this.#advance()
  }

  /** XEP-0206 §4: the answer to the first request tells of the stream. */
  open({ id, from }: Answer): void {
    if (this.#created) return
    this.#created = true
    const ack = this.#terms.acks ? this.#next - 1 : undefined
    this.#creation = creationAttributes(this.sid, this.#terms, { id, from, ack })
  }

  send(element: Element): number {
    const length = this.#outgoing.add(element)
    // What one turn collects is no fault of the client: it counts only once there is nobody to tell.
    if (this.#outgoing.isFull && this.#answers.heard) this.#answerNext()
    if (this.#outgoing.isFull) this.#receiver.overflowed()
    else this.#flushSoon()
    return length
  }

  /** There is room again once the client has taken what is in line. */
  room(all: boolean): Promise<void> | undefined {
    return this.#over ? undefined : this.#outgoing.room(all)
  }

  /** XEP-0124 §13, §17.2: the oldest request is told that the session has ended, the others get nothing. */
  close(error: StreamError | undefined): void {
    const condition = error === undefined ? undefined : (CONDITIONS[error.condition] ?? 'remote-stream-error')
    if (condition === 'remote-stream-error') this.#outgoing.add(error!.toElement())
    this.#end(terminalBody(condition, this.#outgoing.take()))
  }

  destroy(): void {
    this.#end(terminalBody('undefined-condition'))
    this.#leave()
  }

  restart(): void {
    this.#restarted = true
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#handOut()
    this.#advance()
  }

  /** Nothing is read on account of a session alone. */
  hold(): void {}
  release(): void {}

  /** Goes through the requests whose turn it is. */
  #advance(): void {
    for (;;) {
      const request = this.#early.get(this.#next)
      if (this.#over || request === undefined || this.#mustWait(request.body)) return
      this.#early.delete(this.#next)
      if (!this.#keys.accept(request.body)) return this.refuse(request.reply, 'item-not-found')
      this.#next++
      this.#process(request)
    }
  }

  /** While the stream waits no other one is begun, and no more of the client's elements are kept than a stanza may have bytes. */
  #mustWait(body: Element): boolean {
    return this.#paused && (isSet(body, 'restart') || this.buffered > this.limits.stanzaBytes)
  }

  #process(request: BoshRequest): void {
    const { rid, body, bytes, reply } = request
    this.#in.value += bytes
    this.#absence.allow()
    // `NaN` acknowledges nothing
    this.#answers.forget(numberOf(body, 'ack') ?? 0)
    this.#answers.owe(rid, body.attr('key'), reply)
    if (!this.#receiver.heard(bytes)) return
    const pause = numberOf(body, 'pause')
    if (pause !== undefined) return this.#pauseFor(pause, reply)
    if (!this.#created) return this.#open(body)
    // XEP-0206 §5: what stands in a request to restart is ignored
    if (!isSet(body, 'restart')) this.#elementsOf(request)
    else if (this.#restarted) this.#open(body)
    if (body.attr('type') === 'terminate') this.#finished = true
    this.#handOut()
    this.#answerSurplus()
  }

  #open(body: Element): void {
    this.#restarted = false
    this.#to = body.attr('to') ?? this.#to
    const version = body.attr(`{${XBOSH_NS}}version`) ?? '1.0'
    this.#receiver.opened({ to: this.#to, from: body.attr('from'), version })
  }

  #elementsOf({ body, bytes }: BoshRequest): void {
    const children = body.elements()
    const share = Math.round(bytes / Math.max(children.length, 1))
    for (const child of children) this.#elements.push([child, share])
  }

  #handOut(): void {
    while (!this.#paused && !this.#over && this.#elements.length > 0) {
      const [element, bytes] = this.#elements.shift()!
      // RFC 6120 §4.3.3: after authentication the stream begins anew, by `restart`
      if (this.#restarted || element.ns === '') this.#receiver.failed(new StreamError('invalid-namespace'))
      else this.#receiver.received(element, bytes)
    }
    // XEP-0124 §13: what came along with the end has been passed on
    if (this.#finished && !this.#paused && !this.#over) this.#receiver.finished()
  }

  /** XEP-0124 §10: all requests are answered, with nothing in it, and the client may stay away for a while. */
  #pauseFor(seconds: number, reply: Reply): void {
    // `NaN` is not within either
    if (!(seconds <= this.#terms.maxPause)) return this.refuse(reply, 'policy-violation')
    this.#absence.end()
    this.#absence.allow(seconds)
    for (let held = this.#answers.next(); held !== undefined; held = this.#answers.next()) this.#answer(held, '')
    this.#watch()
  }

  #again({ rid, body, reply }: BoshRequest): void {
    if (this.#answers.again(rid, body.attr('key'), reply)) this.#flushSoon()
    else this.refuse(reply, 'item-not-found')
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      if (!this.#over && !this.#outgoing.isEmpty && this.#answers.heard) this.#answerNext()
    })
  }

  /** No more requests wait here than were agreed on; the first is answered only with what it asked for. */
  #answerSurplus(): void {
    while (!this.#over && this.#answers.owed > this.#terms.hold) this.#answerNext()
  }

  #answerNext(): void {
    const held = this.#answers.next()
    if (held === undefined) return
    // Whose connection is broken may never ask again: what there is to say waits for someone who listens.
    const lost = held.reply === undefined
    this.#answer(held, lost ? '' : this.#outgoing.take())
    this.#watch()
    if (lost && !this.#outgoing.isEmpty) this.#flushSoon()
  }

  #answer(held: Held, content: string): void {
    const ack = this.#terms.acks && this.#next - 1 !== held.rid ? this.#next - 1 : undefined
    const text = bodyText({ ...this.#creation, ...(ack === undefined ? {} : { ack }) }, content)
    this.#creation = undefined
    this.#out.value += text.length
    this.#kernel.counters.bytesOut += text.length
    this.#answers.give(held, text)
  }

  /** XEP-0124 §10: a client that has no request here is not waited for longer than agreed. */
  #watch(): void {
    if (!this.#over) this.#absence.watch(this.#answers.heard)
  }

  /** Ends the session by a fault of the client's (XEP-0124 §17.2). */
  refuse(reply: Reply, condition: TerminalCondition): void {
    reply.send(terminalBody(condition))
    this.#end(terminalBody(condition))
    this.#receiver.lost(condition)
  }

  #end(text: string): void {
    if (this.#over) return
    this.#over = true
    this.#outgoing.tell()
    this.#absence.end()
    const replies = this.#answers.drop()
    for (const { reply } of this.#early.values()) replies.push(reply)
    this.#early.clear()
    this.#elements = []
    const [oldest, ...others] = replies
    if (oldest === undefined) this.#farewell = text
    oldest?.send(text)
    for (const reply of others) reply.send(bodyText({}))
    if (oldest !== undefined) this.#leave()
  }

  /** For a request that comes after the end. */
  #farewellTo(reply: Reply): void {
    reply.send(this.#farewell ?? terminalBody('item-not-found'))
    this.#leave()
  }

  /** Not at once: the receiver may be in the middle of ending the stream. */
  #leave(): void {
    if (this.#gone) return
    this.#gone = true
    setImmediate(() => this.#receiver.gone())
  }
}
