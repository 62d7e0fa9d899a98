/**
 * A stream of messages of many pairs, and what it costs. At a fixed rate the load is open, a tick a millisecond, spread evenly over the pairs; at
 * saturation it is closed, so many messages of each pair being under way, and its time to delivery is mostly queueing.
 */
import { performance } from 'node:perf_hooks'
import { Latencies } from '../meters/latency.ts'
import { memory } from '../meters/processes.ts'
import { round } from '../meters/round.ts'
import { type Spent, openWindow } from '../meters/window.ts'
import type { Client } from './client.ts'
import { Messages, type Sender } from './messages.ts'
import type { LoadOptions } from './options.ts'
import { Scanner } from './scanner.ts'
import { type Test, drained, microseconds, until } from './test.ts'

/** Messages of one run at most. */
const MOST = 1e8
/** With extensions, senders ask for an acknowledgement behind every so many messages. */
const ASK_EVERY = 5

/** Who takes part. */
export interface Parties {
  /** A sender for each pair, and the attributes that say where its messages go. */
  readonly senders: readonly Sender[]
  readonly addresses: readonly string[]
  /** Everybody who may hear something, `index` being the pair whose recipient it is. */
  readonly clients: readonly Client[]
  /** Whose stanza it is, from what stands before its body; without it, `index` says so. */
  readonly recipientOf?: (head: string) => number
}

/** What happens between the clients, and when it is measured. */
export class Run {
  readonly messages: Messages
  stopped = false
  readonly #options: LoadOptions
  readonly #clients: readonly Client[]
  readonly #latencies = new Latencies()
  readonly #scanners: readonly Scanner[]
  readonly #pairs: number
  readonly #rate: number
  #overloaded = false
  #measuredSince = Infinity

  constructor({ options }: Test, { senders, addresses, clients, recipientOf }: Parties) {
    this.#options = options
    this.#clients = clients
    this.#pairs = senders.length
    this.#rate = options.number('rate')
    this.messages = new Messages(senders, addresses, options.number('body'), options.extensions ? ASK_EVERY : 0)
    this.#scanners = clients.map(
      (client) =>
        new Scanner(
          client,
          options.number('body'),
          (_, marker) => {
            this.messages.arrived(marker)
            if (marker.sentAt >= this.#measuredSince) this.#latencies.add(microseconds() - marker.sentAt)
            if (this.#rate === 0 && !this.stopped && marker.pair === marker.recipient) this.messages.send(marker.pair)
          },
          recipientOf,
        ),
    )
  }

  #start(window: number): void {
    if (this.#rate > 0) {
      this.#tick(performance.now(), 0)
      return
    }
    for (let round = 0; round < window; round++) for (let pair = 0; pair < this.#pairs; pair++) this.messages.send(pair)
  }

  #tick(start: number, before: number): void {
    const due = Math.floor(((performance.now() - start) * this.#rate) / 1000)
    const mostWaiting = Math.max(20_000, this.#rate * 4)
    let done = before
    for (; done < due && !this.stopped; done++) {
      this.#overloaded = this.messages.sent - this.messages.delivered > mostWaiting
      if (this.#overloaded || this.messages.sent >= MOST) this.stopped = true
      else this.messages.send(done % this.#pairs)
    }
    if (!this.stopped) setTimeout(() => this.#tick(start, done), 1)
  }

  /** Sends as before for so many seconds, or until the end. */
  readonly #go = (seconds: number) => until(() => this.stopped || this.messages.sent >= MOST, seconds)

  /** Warms the server up, measures it, and waits for what is under way; resolves with what it cost, as it is written into the results. */
  async measure(): Promise<Record<string, unknown>> {
    const { number, subjects } = this.#options
    this.#start(number('window'))
    await this.#go(number('warmup'))
    const close = openWindow(subjects)
    const before = { sent: this.messages.sent, delivered: this.messages.delivered }
    this.#measuredSince = microseconds()
    await this.#go(number('seconds'))
    const spent = close()
    const count = { sent: this.messages.sent - before.sent, delivered: this.messages.delivered - before.delivered }
    this.#measuredSince = Infinity
    this.stopped = true
    const { messages } = this
    await drained(
      () => messages.delivered,
      () => messages.delivered >= messages.sent,
      number('drain'),
    )
    // Whatever comes now would come a second time.
    await until(() => false, 0.3)
    return this.#result(spent, count)
  }

  #result(spent: Spent, count: { readonly sent: number; readonly delivered: number }): Record<string, unknown> {
    const { number, extensions, subjects } = this.#options
    const { messages } = this
    const sum = (name: 'errors' | 'unmarked') => this.#scanners.reduce((total, scanner) => total + scanner[name], 0)
    const closed = this.#clients.filter((client) => client.closed).length
    const exact = messages.faultless && sum('errors') === 0 && closed === 0
    const each = (time: number) => round(time / count.delivered, 2)
    return {
      pairs: this.#pairs,
      offered: number('rate') || 'saturation',
      window: number('rate') ? null : number('window'),
      extensions,
      body: number('body'),
      delivered_per_s: round(count.delivered / spent.seconds, 0),
      sent_per_s: round(count.sent / spent.seconds, 0),
      cpu_us_per_msg: each(spent.server.total),
      user_us: each(spent.server.user),
      sys_us: each(spent.server.system),
      ...this.#latencies.quantiles(),
      ...spent.shares,
      sent: messages.sent,
      delivered: messages.delivered,
      lost: messages.sent - messages.delivered,
      ...messages.faults,
      errors: sum('errors'),
      unmarked: sum('unmarked'),
      closed,
      overload: this.#overloaded || undefined,
      rss_mb: round(memory(subjects.server).rss / 1_048_576),
      exactly_once: exact,
      first_error: exact ? undefined : this.#clients.find(({ problem }) => problem)?.problem,
    }
  }
}
