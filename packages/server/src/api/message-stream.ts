/** What `subscribeForMessages` watches: a session of the user's own, so that messages reach it as they reach any device (as in MongooseIM). */
import { randomUUID } from 'node:crypto'
import { type Jid, tryJid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Kernel } from '../core/kernel.ts'
import type { Connection, Session } from '../core/session.ts'
import { EventQueue } from './event-queue.ts'

/** A message as the stream tells it. */
interface Told {
  readonly sender: Jid | null
  /** Microseconds since the epoch. */
  readonly timestamp: number
  readonly stanza_id: string
  readonly stanza: Element
}

/** Opens a session with priority 1 that hands its messages to a reader, and ends with it. */
export function messageStream(kernel: Kernel, user: Jid): AsyncIterableIterator<Told> {
  const queue = new EventQueue<Told>(() => kernel.endSession(session, 'the event stream is not read any more'))
  const connection: Connection = {
    kind: 'sse',
    ip: '',
    port: 0,
    encrypted: true,
    send(stanza) {
      if (stanza.name !== 'message') return
      const sender = tryJid(stanza.attr('from')) ?? null
      queue.put({ sender, timestamp: kernel.clock.micros(), stanza_id: stanza.attr('id') ?? '', stanza })
    },
    close: () => queue.end(),
    destroy: () => queue.end(),
  }
  const session: Session = kernel.openSession(user.withResource(`sse-${randomUUID()}`), connection)
  kernel.directory.setPresence(session, undefined, 1)
  return queue
}
