/**
 * The seam between nodes: what leaves a process goes through a transport as an envelope. In one process nothing leaves; between worker threads
 * the transport is a MessagePort, between machines a broker; in tests, kernels joined in memory. A transport may lose envelopes.
 */
import { parseJid } from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import type { SessionEntry } from './directory.ts'

/** What one node tells another: plain data only, so that any transport can carry it. */
export type Envelope =
  | { readonly kind: 'stanza'; readonly to: string; readonly stanza: string }
  | {
      readonly kind: 'session'
      readonly jid: string
      readonly openedAt: number
      readonly priority?: number
      readonly presence?: string
    }
  | { readonly kind: 'gone'; readonly jid: string }
  | { readonly kind: 'hello'; readonly node: string }

/** Carries envelopes between nodes. */
export interface Transport {
  /** The name of this node. */
  readonly node: string
  /** Sends to one node. */
  send(node: string, envelope: Envelope): void
  /** Sends to all other nodes. */
  broadcast(envelope: Envelope): void
  /** Says who takes what arrives; `from` is the sending node. */
  onEnvelope(receive: (from: string, envelope: Envelope) => void): void
}

/** The transport of a server that is one process: there is no other node. */
export function loneTransport(node = 'meerkat@localhost'): Transport {
  return { node, send: () => undefined, broadcast: () => undefined, onEnvelope: () => undefined }
}

/** What a directory entry looks like to other nodes. */
export function entryEnvelope(entry: SessionEntry): Envelope {
  return {
    kind: 'session',
    jid: entry.jid.toString(),
    openedAt: entry.openedAt,
    ...(entry.priority === undefined ? {} : { priority: entry.priority }),
    ...(entry.presence === undefined ? {} : { presence: serialize(entry.presence) }),
  }
}

/** The directory entry that a node told of. */
export function readEntry(node: string, envelope: Envelope & { kind: 'session' }): SessionEntry {
  return {
    jid: parseJid(envelope.jid),
    node,
    local: undefined,
    priority: envelope.priority,
    presence: envelope.presence === undefined ? undefined : parseElement(envelope.presence),
    openedAt: envelope.openedAt,
  }
}
