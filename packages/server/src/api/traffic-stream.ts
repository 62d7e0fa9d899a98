/** What `subscribeForTraffic` watches: everything that clients send and get, until `limit` elements have been told (as in MongooseIM). */
import type { Element } from '@meerkat/xml'
import type { Kernel } from '../core/kernel.ts'
import { EventQueue } from './event-queue.ts'

/** An element on its way, as the stream tells it. */
interface Told {
  readonly pid: string
  readonly jid: string
  /** Microseconds since the epoch. */
  readonly timestamp: number
  readonly dir: 'CLIENT_TO_SERVER' | 'SERVER_TO_CLIENT'
  readonly stanza: Element
}

/** Watches the traffic of all clients; the stream ends behind `limit` elements, if a limit is given. */
export function trafficStream(kernel: Kernel, limit = Infinity): AsyncIterableIterator<Told> {
  let told = 0
  const stop = kernel.tracing.watch(({ connection, jid, at, direction, element }) => {
    if (told >= limit) return
    queue.put({ pid: connection, jid, timestamp: at, dir: direction, stanza: element })
    if (++told < limit) return
    stop()
    queue.end()
  })
  const queue = new EventQueue<Told>(() => stop())
  if (limit <= 0) {
    stop()
    queue.end()
  }
  return queue
}
