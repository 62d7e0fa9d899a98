import type { Packet, Transport } from '../core/transport/index.ts'

type Receive = (from: string, packet: Packet) => void

/** Joins kernels of one process as if they were nodes: packets arrive later, as copies, or not at all. */
export class MemoryNetwork {
  readonly #nodes = new Map<string, Receive>()
  /** Decides which packets are lost. */
  lose: (packet: Packet, from: string, to: string) => boolean = () => false

  /** The transport of a node with this name. */
  join(node: string): Transport {
    return {
      node,
      send: (to, packet) => this.#carry(node, to, packet),
      broadcast: (packet) => {
        for (const to of this.#nodes.keys()) if (to !== node) this.#carry(node, to, packet)
      },
      onPacket: (receive) => void this.#nodes.set(node, receive),
    }
  }

  #carry(from: string, to: string, packet: Packet): void {
    if (this.lose(packet, from, to)) return
    const copy = structuredClone(packet)
    setImmediate(() => this.#nodes.get(to)?.(from, copy))
  }
}
