/**
 * One-to-one messages: u1 to u2, u3 to u4 and so on. At a fixed rate the load is open, a tick a millisecond, spread evenly over the pairs;
 * at saturation it is closed, so many messages of each pair being under way, and its time to delivery is mostly queueing.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Latencies } from '../../meters/latency.ts'
import { cpuTime, memory } from '../../meters/processes.ts'
import { round } from '../../meters/round.ts'
import { type Spent, openWindow } from '../../meters/window.ts'
import type { Client } from '../client.ts'
import { enableExtensions, login } from '../login.ts'
import { Messages } from '../messages.ts'
import { Scanner } from '../scanner.ts'
import { type Test, drained, microseconds, until } from '../test.ts'
import { checkArchives } from './archives.ts'

/** Messages of one run at most. */
const MOST = 1e8
/** Seconds that a server may go on working after the last message. */
const MOST_SETTLING = 60
/** With extensions, senders ask for an acknowledgement behind every so many messages. */
const ASK_EVERY = 5

/** What happens between the clients, and when it is measured. */
class Run {
  readonly messages: Messages
  readonly latencies = new Latencies()
  readonly scanners: readonly Scanner[]
  stopped = false
  overloaded = false
  readonly #pairs: number
  readonly #rate: number
  #measuredSince = Infinity

  constructor(test: Test, clients: readonly Client[]) {
    const { options } = test
    this.#pairs = clients.length / 2
    this.#rate = options.number('rate')
    const senders = clients.filter((_, index) => index % 2 === 0)
    const addresses = senders.map((_, pair) => `${options.prefix}${2 * pair + 2}@${options.domain}`)
    this.messages = new Messages(senders, addresses, options.number('body'), options.extensions ? ASK_EVERY : 0)
    this.scanners = clients.map((client, index) => {
      client.index = index % 2 === 0 ? -1 : (index - 1) / 2
      return new Scanner(client, options.number('body'), (recipient, marker) => {
        this.messages.arrived(recipient, marker)
        if (marker.sentAt >= this.#measuredSince) this.latencies.add(microseconds() - marker.sentAt)
        if (this.#rate === 0 && !this.stopped && marker.pair === recipient.index) this.messages.send(marker.pair)
      })
    })
  }

  start(window: number): void {
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
      this.overloaded = this.messages.sent - this.messages.delivered > mostWaiting
      if (this.overloaded || this.messages.sent >= MOST) this.stopped = true
      else this.messages.send(done % this.#pairs)
    }
    if (!this.stopped) setTimeout(() => this.#tick(start, done), 1)
  }

  /** Sends as before for so many seconds, or until the end. */
  readonly go = (seconds: number) => until(() => this.stopped || this.messages.sent >= MOST, seconds)

  /** Times of messages that are sent from now on count, or not any more. */
  measure(on: boolean): void {
    this.#measuredSince = on ? microseconds() : Infinity
  }
}

/** Runs the test. */
export async function route(test: Test): Promise<void> {
  const { options } = test
  const { number } = options
  const clients = await test.connect(
    1,
    2 * number('pairs'),
    undefined,
    options.extensions ? loginWithExtensions : login,
  )
  await sleep(1000)
  const run = new Run(test, clients)
  const closeAll = openWindow(options.subjects)
  run.start(number('window'))
  await run.go(number('warmup'))
  const close = openWindow(options.subjects)
  const before = { sent: run.messages.sent, delivered: run.messages.delivered }
  run.measure(true)
  await run.go(number('seconds'))
  const spent = close()
  const count = { sent: run.messages.sent - before.sent, delivered: run.messages.delivered - before.delivered }
  run.measure(false)
  run.stopped = true
  const { messages } = run
  await drained(
    () => messages.delivered,
    () => messages.delivered >= messages.sent,
    number('drain'),
  )
  // Whatever comes now would come a second time.
  await sleep(300)
  const settled = options.checkArchive ? await untilSettled(options.subjects.server, closeAll) : undefined
  test.emit(result(test, clients, run, { spent, settled }, count))
  if (options.checkArchive) await checkArchives(test, clients.slice(0, 10))
  await test.close(clients)
}

/** What is stored may be worked on after its delivery: waits until the server has nothing to do, and ends the window then. */
async function untilSettled(server: readonly number[], close: () => Spent): Promise<Spent> {
  const end = performance.now() + MOST_SETTLING * 1000
  for (let quiet = 0; quiet < 2 && performance.now() < end;) {
    const before = cpuTime(server).total
    await sleep(500)
    quiet = cpuTime(server).total - before < 25_000 ? quiet + 1 : 0
  }
  return close()
}

const loginWithExtensions = async (client: Client) => {
  await login(client)
  await enableExtensions(client)
}

function result(
  { options }: Test,
  clients: readonly Client[],
  run: Run,
  { spent, settled }: { readonly spent: Spent; readonly settled: Spent | undefined },
  count: { readonly sent: number; readonly delivered: number },
): Record<string, unknown> {
  const { number } = options
  const { messages, scanners } = run
  const closed = clients.filter((client) => client.closed).length
  const errors = scanners.reduce((sum, scanner) => sum + scanner.errors, 0)
  const exact = messages.faultless && errors === 0 && closed === 0
  const each = (time: number) => round(time / count.delivered, 2)
  return {
    pairs: number('pairs'),
    offered: number('rate') || 'saturation',
    window: number('rate') ? null : number('window'),
    extensions: options.extensions,
    body: number('body'),
    delivered_per_s: round(count.delivered / spent.seconds, 0),
    sent_per_s: round(count.sent / spent.seconds, 0),
    cpu_us_per_msg: each(spent.server.total),
    // From the first message to the end of all work, for all messages.
    cpu_us_per_msg_settled: settled && round(settled.server.total / messages.delivered, 2),
    user_us: each(spent.server.user),
    sys_us: each(spent.server.system),
    ...run.latencies.quantiles(),
    ...spent.shares,
    sent: messages.sent,
    delivered: messages.delivered,
    lost: messages.sent - messages.delivered,
    ...messages.faults,
    errors,
    unmarked: scanners.reduce((sum, scanner) => sum + scanner.unmarked, 0),
    closed,
    overload: run.overloaded || undefined,
    rss_mb: round(memory(options.subjects.server).rss / 1_048_576),
    exactly_once: exact,
    first_error: exact ? undefined : clients.find(({ problem }) => problem)?.problem,
  }
}
