/**
 * Personal eventing (XEP-0163): a user publishes to `--contacts` contacts who are there and want it. At a fixed rate, or one item after the other, each when
 * everybody has the one before.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Latencies } from '../../meters/latency.ts'
import { round } from '../../meters/round.ts'
import { openWindow } from '../../meters/window.ts'
import { type Software, answerQuestions, presenceOf } from '../caps.ts'
import type { Client } from '../client.ts'
import { Events, MARKER, NODE, publication } from '../events.ts'
import { bind, login } from '../login.ts'
import { type Marker, Scanner } from '../scanner.ts'
import { type Test, microseconds, until } from '../test.ts'
import { POPULAR } from './presence.ts'

/** What the clients can do besides: four kinds of them, as different people have different clients. */
const FEATURES = ['http://jabber.org/protocol/disco#info', 'urn:xmpp:ping', 'urn:xmpp:receipts', 'jabber:x:conference']
const software = (kind: number): Software => ({
  node: `https://client.example/${kind}`,
  name: `Client ${kind}`,
  features: [...FEATURES, `${NODE}+notify`, 'http://jabber.org/protocol/nick+notify'],
})
const KINDS = 4

/** A contact comes, and says what it wants as often as it is asked. */
async function come(client: Client, kind: number): Promise<void> {
  await bind(client)
  let text = ''
  client.handle((data) => (text = answerQuestions(client, software(kind), text + data.toString('latin1'))))
  client.write(presenceOf(software(kind)))
}

/** The one who publishes. */
class Publisher {
  readonly events: Events
  readonly latencies = new Latencies()
  readonly scanners: readonly Scanner[]
  answers = 0
  errors = 0
  stopped = false
  measuredSince = Infinity
  readonly #client: Client
  readonly #rate: number
  #tail = ''

  constructor(client: Client, contacts: readonly Client[], rate: number) {
    this.#client = client
    this.#rate = rate
    this.events = new Events(contacts.length)
    this.scanners = contacts.map((contact, index) => {
      contact.index = index
      return new Scanner(contact, MARKER, (_, marker) => this.#arrived(marker))
    })
    client.handle((data) => this.#answered(data.toString('latin1')))
  }

  #arrived(marker: Marker): void {
    const isLast = this.events.arrived(marker)
    if (isLast && marker.sentAt >= this.measuredSince) this.latencies.add(microseconds() - marker.sentAt)
    this.#goOn()
  }

  /** Publishes from now on. */
  start(): void {
    if (this.#rate === 0) this.publish()
    else this.#tick(performance.now(), 0)
  }

  publish(): void {
    this.#client.write(publication(this.events.next()))
  }

  #tick(start: number, before: number): void {
    let done = before
    for (const due = Math.floor(((performance.now() - start) * this.#rate) / 1000); done < due; done++) this.publish()
    if (!this.stopped) setTimeout(() => this.#tick(start, done), 1)
  }

  #answered(chunk: string): void {
    const text = this.#tail + chunk
    for (const [iq] of text.matchAll(/<iq [^>]*>/g)) {
      if (/type=['"]result/.test(iq)) this.answers++
      if (/type=['"]error/.test(iq)) this.errors++
    }
    const cut = text.lastIndexOf('<')
    this.#tail = text.includes('>', cut) ? '' : text.slice(Math.max(0, cut))
    this.#goOn()
  }

  /** One after the other: when everybody has the last one, and its publisher knows that it is kept. */
  #goOn(): void {
    const { published, complete } = this.events
    if (this.#rate === 0 && !this.stopped && complete === published && this.answers === published) this.publish()
  }
}

/** Runs the test. */
export async function pep(test: Test): Promise<void> {
  const { number, subjects } = test.options
  const contacts: Client[] = await test.connect(2, number('contacts') + 1, POPULAR, (client) =>
    come(client, Number(client.options.user.slice(POPULAR.length)) % KINDS),
  )
  const [owner] = await test.connect(1, 1, POPULAR, login)
  // The server finds out what they want, and sends them what was published before.
  await sleep(2000)
  const publisher = new Publisher(owner!, contacts, number('rate'))
  const { events } = publisher
  publisher.start()
  await sleep(number('warmup') * 1000)
  if (events.complete === 0) throw new Error(`${events.notified} of ${contacts.length} contacts got the first item`)
  const close = openWindow(subjects)
  const before = { complete: events.complete, notified: events.notified }
  publisher.measuredSince = microseconds()
  await sleep(number('seconds') * 1000)
  const spent = close()
  const [items, notified] = [events.complete - before.complete, events.notified - before.notified]
  publisher.stopped = true
  await until(() => events.complete === events.published && publisher.answers === events.published, number('drain'))
  // Whatever comes now would come a second time.
  await sleep(300)
  const closed = [owner!, ...contacts].filter((client) => client.closed).length
  const errors = publisher.errors + publisher.scanners.reduce((sum, scanner) => sum + scanner.errors, 0)
  test.emit({
    contacts: contacts.length,
    offered: number('rate') || 'saturation',
    published_per_s: round(items / spent.seconds),
    cpu_ms_per_publish: round(spent.server.total / (notified / contacts.length) / 1000, 3),
    cpu_us_per_notification: round(spent.server.total / notified, 2),
    user_us: round(spent.server.user / notified, 2),
    sys_us: round(spent.server.system / notified, 2),
    ...publisher.latencies.quantiles(),
    ...spent.shares,
    sent: events.published,
    complete: events.complete,
    ...events.faults,
    errors,
    unmarked: publisher.scanners.reduce((sum, { unmarked }) => sum + unmarked, 0),
    closed,
    exactly_once: events.faultless && errors === 0 && closed === 0,
  })
  await test.close([owner!, ...contacts])
}
