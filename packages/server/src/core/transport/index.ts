/**
 * The seam between nodes: what leaves a process goes over a link as an envelope. In one process nothing leaves; between worker threads the
 * transport is a MessagePort, between machines a broker; in tests, kernels joined in memory.
 */
export { type Envelope, type SessionWords, entryEnvelope, readEntry } from './envelopes.ts'
export { type Done, Link } from './link.ts'
export { type LinkEvents, Links } from './links.ts'
export type { Packet, Transport } from './packets.ts'
