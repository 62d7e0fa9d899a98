/** What one node tells another: plain data only. */
import { parseJid } from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import type { SessionEntry, SessionOrigin } from '../directory.ts'

/** A directory entry in words. */
export interface SessionWords {
  readonly jid: string
  readonly openedAt: number
  readonly priority?: number
  readonly presence?: string
  readonly marks?: readonly string[]
  readonly origin?: SessionOrigin
}

/** A stanza for a session. */
export interface StanzaWords {
  readonly to: string
  readonly stanza: string
  /** When it was received: microseconds since the epoch. */
  readonly at: number
  /** Whether the recipient's archive has it. */
  readonly archived: boolean
  /** How often it was sent on. */
  readonly hops: number
  /** An answer to this is wanted when all that the stanza leaves behind is durable. */
  readonly id: number | undefined
}

/** One thing that a node tells another. */
export type Envelope =
  | ({ readonly kind: 'stanza' } & StanzaWords)
  | ({ readonly kind: 'session' } & SessionWords)
  | { readonly kind: 'gone'; readonly jid: string; readonly openedAt: number }
  /** All sessions that were there when the nodes met have been told. */
  | { readonly kind: 'synced' }
  /** A word to a host type, or to the node itself (''); with an id it wants an answer. */
  | {
      readonly kind: 'word'
      readonly id: number | undefined
      readonly host: string
      readonly topic: string
      readonly data: string
    }
  | { readonly kind: 'answer'; readonly id: number; readonly data: string | undefined }

/** What a directory entry looks like to other nodes. */
export function entryEnvelope(entry: SessionEntry): Envelope & SessionWords {
  return {
    kind: 'session',
    jid: entry.jid.toString(),
    openedAt: entry.openedAt,
    ...(entry.priority === undefined ? {} : { priority: entry.priority }),
    ...(entry.presence === undefined ? {} : { presence: serialize(entry.presence) }),
    ...(entry.marks.length === 0 ? {} : { marks: entry.marks }),
    ...(entry.local === undefined ? {} : { origin: originOf(entry.local.connection) }),
  }
}

const originOf = ({ kind, ip, port }: SessionOrigin): SessionOrigin => ({ kind, ip, port })

/** The directory entry that a node told of. */
export function readEntry(node: string, words: SessionWords): SessionEntry {
  return {
    jid: parseJid(words.jid),
    node,
    local: undefined,
    priority: words.priority,
    presence: words.presence === undefined ? undefined : parseElement(words.presence),
    openedAt: words.openedAt,
    marks: words.marks ?? [],
    ...(words.origin === undefined ? {} : { origin: words.origin }),
  }
}
