import type { Envelope, Transport } from '../core/transport.ts'

type Receive = (from: string, envelope: Envelope) => void

/** Joins kernels of one process as if they were nodes: envelopes arrive later, as copies, or not at all. */
export class MemoryNetwork {
  readonly #nodes = new Map<string, Receive>()
  /** Decides which envelopes are lost. */
  lose: (envelope: Envelope) => boolean = () => false

  /** The transport of a node with this name. */
  join(node: string): Transport {
    return {
      node,
      send: (to, envelope) => this.#carry(node, to, envelope),
      broadcast: (envelope) => {
        for (const to of this.#nodes.keys()) if (to !== node) this.#carry(node, to, envelope)
      },
      onEnvelope: (receive) => void this.#nodes.set(node, receive),
    }
  }

  #carry(from: string, to: string, envelope: Envelope): void {
    if (this.lose(envelope)) return
    const copy = structuredClone(envelope)
    setImmediate(() => this.#nodes.get(to)?.(from, copy))
  }
}
