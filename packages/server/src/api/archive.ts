/** What the API asks of the message archive; whoever keeps one shares a reader with the node. */
import type { Jid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type Host, sharedKey } from '../core/host.ts'

/** A message of the archive. */
export interface ArchivedMessage {
  readonly sender: Jid
  /** Microseconds since the epoch. */
  readonly timestamp: number
  /** The archive's id, as clients see it (XEP-0313). */
  readonly id: string
  readonly stanza: Element
}

/** Reads users' archives. */
export interface ArchiveReader {
  /** Whether messages of this host type's users are archived. */
  keeps(host: Host): boolean
  /**
   * A user's latest messages, oldest first, at most `limit`: only those exchanged with `with`, and only those before `before`
   * (microseconds since the epoch), when these are given.
   */
  last(user: Jid, options: { with?: Jid; before?: number; limit: number }): Promise<readonly ArchivedMessage[]>
}

/** Where the node shares its archive reader. */
export const archiveReader = sharedKey<ArchiveReader>('archive reader')
