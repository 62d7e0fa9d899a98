/** Clients that have not authenticated, counted for each address (S9). */
import { network } from '../../core/network.ts'

/** The connections of each address (of each network of one customer with IPv6) that have not authenticated. */
export class Strangers {
  readonly #byNetwork = new Map<string, number>()
  #all = 0

  /** How many there are from everywhere. */
  get size(): number {
    return this.#all
  }

  /** How many have come from where this address is. */
  from(ip: string): number {
    return this.#byNetwork.get(network(ip)) ?? 0
  }

  /** Counts one more; what is returned takes it out again, once. */
  add(ip: string): () => void {
    const key = network(ip)
    this.#byNetwork.set(key, (this.#byNetwork.get(key) ?? 0) + 1)
    this.#all++
    let isCounted = true
    return () => {
      if (!isCounted) return
      isCounted = false
      this.#all--
      const rest = (this.#byNetwork.get(key) ?? 1) - 1
      if (rest === 0) this.#byNetwork.delete(key)
      else this.#byNetwork.set(key, rest)
    }
  }
}
