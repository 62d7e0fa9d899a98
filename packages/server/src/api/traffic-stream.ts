/** What `subscribeForTraffic` watches: everything that clients send and get, until `limit` elements have been told (as in MongooseIM). */
import { serialize } from '@meerkat/xml'
import type { Kernel } from '../core/kernel.ts'
import { EventQueue } from './event-queue.ts'

/** An element on its way, as the stream tells it. */
interface Told {
  readonly pid: string
  readonly jid: string
  /** Microseconds since the epoch. */
  readonly timestamp: number
  readonly dir: 'client_to_server' | 'server_to_client'
  readonly stanza: string
}

/** MongooseIM's words. */
const DIRECTIONS = { CLIENT_TO_SERVER: 'client_to_server', SERVER_TO_CLIENT: 'server_to_client' } as const

/** Watches the traffic of all clients; the stream ends behind `limit` elements, if a limit is given. */
export function trafficStream(kernel: Kernel, limit = Infinity): AsyncIterableIterator<Told> {
  let told = 0
  const stop = kernel.tracing.watch(({ connection, jid, at, direction, element }) => {
    if (told >= limit) return
    queue.put({ pid: connection, jid, timestamp: at, dir: DIRECTIONS[direction], stanza: serialize(element) })
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
