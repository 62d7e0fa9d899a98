/** What a transport carries. It may lose, repeat, delay and reorder packets: the links above it see to the rest. */
import type { Envelope } from './envelopes.ts'

/** How far the sender of a packet has come with what the other side sent. */
export interface Progress {
  /** The number of the sender's end of the link; a later one replaces an earlier one. */
  readonly mine: number
  /** The number of the other end as the sender knows it; undefined before it was heard of. */
  readonly theirs: number | undefined
  /** All envelopes up to this number were handled. */
  readonly ack: number
  /** Whether later ones have come already, so that some were lost. */
  readonly gap: boolean
}

/** Plain data only, so that any transport can carry it. */
export type Packet =
  | { readonly kind: 'hello' }
  | ({ readonly kind: 'beat' } & Progress)
  | ({ readonly kind: 'data'; readonly seq: number; readonly envelope: Envelope } & Progress)
  | { readonly kind: 'bye'; readonly mine: number }

/** Carries packets between nodes. */
export interface Transport {
  /** The name of this node. */
  readonly node: string
  /** Sends to one node. */
  send(node: string, packet: Packet): void
  /** Sends to all other nodes. */
  broadcast(packet: Packet): void
  /** Says who takes what arrives; `from` is the sending node. */
  onPacket(receive: (from: string, packet: Packet) => void): void
}
