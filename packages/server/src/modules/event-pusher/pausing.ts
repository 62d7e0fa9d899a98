/** Whether a sink is paused: what an operator has stopped stays so over restarts. */
import type { Host } from '../../core/module.ts'

/** The switch of one sink. */
export class Pausing {
  readonly #host: Host
  readonly #sink: string
  #paused: boolean

  private constructor(host: Host, sink: string, paused: boolean) {
    this.#host = host
    this.#sink = sink
    this.#paused = paused
  }

  /** Reads how it was left. Rejects with a StorageError. */
  static async load(host: Host, sink: string): Promise<Pausing> {
    return new Pausing(host, sink, (await storeOf(host).get(sink)) !== undefined)
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Switches at once, and resolves when that is stored. */
  async set(paused: boolean): Promise<void> {
    this.#paused = paused
    const store = storeOf(this.#host)
    await this.#host.commit(paused ? store.put(this.#sink, 'paused') : store.remove(this.#sink))
  }
}

const storeOf = (host: Host) => host.stores.keyValue('paused_event_sinks')
