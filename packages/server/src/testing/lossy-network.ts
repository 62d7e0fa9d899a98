/** Joins kernels of one process over a network that loses, repeats, delays and so reorders packets, by a seed. */
import type { Packet, Transport } from '../core/transport/index.ts'

/** How bad the network is. */
export interface Weather {
  /** A run with the same seed and the same packets has the same fate. */
  readonly seed: number
  /** The shares of packets that are lost, and that come twice. */
  readonly loss: number
  readonly repeat: number
  /** The longest delay, in milliseconds. */
  readonly delay: number
}

/** The network of a test; the seed is to be told to people. */
export class LossyNetwork {
  readonly #weather: Weather
  readonly #nodes = new Map<string, (from: string, packet: Packet) => void>()
  readonly #random: () => number
  readonly #flights = new Set<NodeJS.Timeout>()
  /** How many packets were given to the network, and how many it lost. */
  sent = 0
  lost = 0

  constructor(weather: Weather) {
    this.#weather = weather
    this.#random = randomOf(weather.seed)
  }

  /** How many packets are on their way. */
  get underWay(): number {
    return this.#flights.size
  }

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
    this.sent++
    const { loss, repeat } = this.#weather
    const fate = this.#random()
    if (fate < loss) this.lost++
    else this.#fly(from, to, structuredClone(packet))
    if (fate > 1 - repeat) this.#fly(from, to, structuredClone(packet))
  }

  #fly(from: string, to: string, packet: Packet): void {
    const flight = setTimeout(() => {
      this.#flights.delete(flight)
      this.#nodes.get(to)?.(from, packet)
    }, this.#random() * this.#weather.delay)
    this.#flights.add(flight)
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
