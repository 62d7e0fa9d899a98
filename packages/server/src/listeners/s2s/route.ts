/** The way from one of our domains to one elsewhere: a stream when there is something to send, and a bounded line before it (S78). */
import { StanzaError, type StanzaCondition } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { backoff } from '../../core/backoff.ts'
import type { Delivery } from '../../core/delivery.ts'
import type { Timer } from '../../core/timers.ts'
import type { Federation } from './federation.ts'
import { Unreachable, openStream } from './open-stream.ts'
import type { Pause, S2sOptions } from './options.ts'
import type { OutgoingStream } from './outgoing.ts'
import type { Parcel } from './outlet.ts'
import { textOf } from './words.ts'

/** The pause after a first failure, in milliseconds; it doubles up to `max_retry_delay`. */
const FIRST_PAUSE_MS = 1000

/** Over how many connections, at most, a stanza is sent whose connections are lost. */
const MOST_SENDINGS = 3

/** The way to one domain. */
export class Route {
  readonly local: string
  readonly remote: string
  readonly #federation: Federation
  readonly #options: S2sOptions
  readonly #pause: Pause
  #line: Parcel[] = []
  #bytes = 0
  #stream: OutgoingStream | undefined
  #isOpening = false
  #isResting = false
  #isClosed = false
  #failures = 0
  #retryAt = 0
  #condition: StanzaCondition = 'remote-server-timeout'
  #usedAt = 0
  #late: Timer | undefined
  #idle: Timer | undefined

  constructor(federation: Federation, options: S2sOptions, local: string, remote: string) {
    this.#federation = federation
    this.#options = options
    this.local = local
    this.remote = remote
    this.#pause = options.shaper()
  }

  /** Whether there is a stream. */
  get isOpen(): boolean {
    return this.#stream !== undefined
  }

  /** How many stanzas the other server has not acknowledged. */
  get unacknowledged(): number {
    return this.#stream?.unacknowledged ?? 0
  }

  /** Sends a stanza when it is its turn; who sent it is told when it cannot be sent. */
  send(delivery: Delivery): void {
    const now = this.#now
    if (this.#isClosed) return this.#bounce(delivery, 'remote-server-timeout')
    if (now < this.#retryAt && this.#line.length === 0) return this.#bounce(delivery, this.#condition)
    const parcel = { delivery, since: now, sendings: 0, characters: 0 }
    if (this.#line.length === 0 && this.#mayWrite()) return this.#write(parcel)
    this.#enqueue(parcel)
  }

  /** Ends the way, and resolves when its connection is no more; who has something in line is told. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#idle?.cancel()
    this.#refuseAll('remote-server-timeout')
    await this.#stream?.finish()
  }

  get #now(): number {
    return this.#federation.kernel.clock.monotonic()
  }

  #mayWrite(): boolean {
    return this.#stream !== undefined && this.#stream.hasRoom && !this.#isResting
  }

  #write(parcel: Parcel): void {
    this.#usedAt = this.#now
    const bytes = this.#stream!.send(parcel.delivery.stanza, parcel)
    const rest = this.#pause(bytes, this.#usedAt)
    if (rest <= 0) return
    this.#isResting = true
    this.#federation.kernel.timers.after(rest / 1000, () => {
      this.#isResting = false
      this.#goOn()
    })
  }

  #enqueue(parcel: Parcel): void {
    parcel.characters = textOf(parcel.delivery.stanza).length
    const { queueBytes, queueStanzas } = this.#options
    if (this.#bytes + parcel.characters > queueBytes || this.#line.length >= queueStanzas)
      return this.#bounce(parcel.delivery, 'resource-constraint')
    this.#line.push(parcel)
    this.#bytes += parcel.characters
    this.#attend()
  }

  /** Sees to it that what is in line goes, or goes back. */
  #attend(): void {
    if (this.#line.length === 0) return
    this.#late ??= this.#federation.kernel.timers.after(this.#options.queueTimeoutMs / 1000, () => this.#tooLate())
    if (this.#stream === undefined && !this.#isOpening && this.#now >= this.#retryAt) void this.#open()
  }

  /** What can be written is. */
  #goOn(): void {
    while (this.#line.length > 0 && this.#mayWrite()) {
      const parcel = this.#line.shift()!
      this.#bytes -= parcel.characters
      this.#write(parcel)
    }
    if (this.#line.length > 0) return
    this.#late?.cancel()
    this.#late = undefined
  }

  /** What has been in line for too long goes back; a stream that takes nothing goes with it. */
  #tooLate(): void {
    this.#late = undefined
    const oldest = this.#now - this.#options.queueTimeoutMs
    const late = this.#line.filter(({ since }) => since <= oldest)
    this.#line = this.#line.filter(({ since }) => since > oldest)
    this.#bytes = this.#line.reduce((sum, { characters }) => sum + characters, 0)
    for (const { delivery } of late) this.#bounce(delivery, 'remote-server-timeout')
    if (late.length > 0 && this.#stream?.hasRoom === false) this.#stream.destroy('the other server takes nothing')
    if (this.#line.length === 0) return
    const first = this.#line.reduce((least, { since }) => Math.min(least, since), Infinity)
    this.#late ??= this.#federation.kernel.timers.after((first - oldest) / 1000, () => this.#tooLate())
  }

  async #open(): Promise<void> {
    this.#isOpening = true
    const { local, remote } = this
    try {
      const stream = await openStream(this.#federation, this.#options, { local, remote, kind: 'send' })
      this.#isOpening = false
      this.#opened(stream)
    } catch (error) {
      this.#isOpening = false
      this.#failed(error)
    }
  }

  #opened(stream: OutgoingStream): void {
    if (this.#isClosed) return stream.close()
    this.#failures = 0
    this.#stream = stream
    stream.use({
      received: () => undefined,
      drained: () => this.#goOn(),
      gone: (reason) => this.#gone(stream, reason),
    })
    const { local, remote } = this
    const details = { what: 's2s_out', from: local, to: remote, tls: stream.encrypted }
    this.#federation.kernel.logs.area('s2s').info(details, 'another server takes stanzas')
    this.#usedAt = this.#now
    this.#watchIdle()
    this.#goOn()
  }

  #watchIdle(): void {
    // A stream whose stanzas are not acknowledged is in use: it ends when they are, or when the other server does not answer.
    if (this.unacknowledged > 0) this.#usedAt = this.#now
    const rest = this.#options.streamTimeoutMs - (this.#now - this.#usedAt)
    if (rest === Infinity || this.#stream === undefined) return
    if (rest <= 0) return this.#stream.close()
    this.#idle = this.#federation.kernel.timers.after(rest / 1000, () => this.#watchIdle())
  }

  /** What was not acknowledged, or had not left, goes over the next connection, before what is in line and in the same order. */
  #gone(stream: OutgoingStream, reason: string): void {
    if (this.#stream !== stream) return
    this.#stream = undefined
    this.#idle?.cancel()
    const { local, remote } = this
    this.#federation.kernel.logs.area('s2s').info({ what: 's2s_out_closed', from: local, to: remote, reason }, 'closed')
    const again = this.#takeBack(stream)
    this.#federation.resent += again.length
    // It was let in once and is bounded by what may be on its way; what comes now waits until there is room in line.
    this.#line = [...again, ...this.#line]
    this.#bytes = this.#line.reduce((sum, { characters }) => sum + characters, 0)
    this.#attend()
    if (this.#line.length === 0) this.#federation.forget(this)
  }

  /** What a stream that is over leaves to send. The senders of the rest are told. */
  #takeBack(stream: OutgoingStream): Parcel[] {
    const unsent = new Set(stream.unsent())
    return stream.undelivered().filter((parcel) => {
      const { delivery, sendings } = parcel
      const hasLeft = !unsent.has(parcel)
      if (this.#isClosed || sendings >= MOST_SENDINGS || (hasLeft && isChange(delivery.stanza))) {
        this.#bounce(delivery, 'remote-server-timeout')
        return false
      }
      // It was under way until now, not in line.
      if (hasLeft) parcel.since = this.#now
      return true
    })
  }

  #failed(error: unknown): void {
    const { local, remote } = this
    this.#condition = error instanceof Unreachable ? error.condition : 'internal-server-error'
    if (!(error instanceof Unreachable)) this.#federation.kernel.report('s2s_failed', error, { remote })
    const pause = backoff(++this.#failures, FIRST_PAUSE_MS, this.#options.maxRetryDelayMs)
    this.#retryAt = this.#now + pause
    const reason = error instanceof Error ? error.message : String(error)
    this.#federation.kernel.logs
      .area('s2s')
      .warn({ what: 's2s_unreachable', from: local, to: remote, reason }, 'another server cannot be reached')
    // What was under way over a connection that is lost is tried again in its time, and what has come since waits behind it.
    const isKept = this.#line.some(({ sendings }) => sendings > 0)
    if (isKept) this.#federation.kernel.timers.after(pause / 1000, () => this.#attend())
    else this.#refuseAll(this.#condition)
    // Until then it is remembered how often it has failed.
    this.#federation.kernel.timers.after((pause + this.#options.maxRetryDelayMs) / 1000, () => {
      const isAtRest = this.#stream === undefined && !this.#isOpening && this.#line.length === 0
      if (isAtRest && this.#now >= this.#retryAt) this.#federation.forget(this)
    })
  }

  #refuseAll(condition: StanzaCondition): void {
    const line = this.#line
    this.#line = []
    this.#bytes = 0
    this.#late?.cancel()
    this.#late = undefined
    for (const { delivery } of line) this.#bounce(delivery, condition)
  }

  #bounce(delivery: Delivery, condition: StanzaCondition): void {
    const type = condition === 'remote-server-not-found' ? 'cancel' : 'wait'
    this.#federation.bounce(delivery, new StanzaError(type, condition))
  }
}

/** Whether a stanza is a request that changes something: it is not made twice. */
const isChange = (stanza: Element): boolean => stanza.name === 'iq' && stanza.attr('type') === 'set'
