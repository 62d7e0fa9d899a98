import type { Element } from '@meerkat/xml'

/** One element on its way between a client and the server. */
export interface Trace {
  /** The connection: the same for all that passes over it. */
  readonly connection: string
  /** The client's full JID. */
  readonly jid: string
  /** Microseconds since the epoch. */
  readonly at: number
  readonly direction: 'CLIENT_TO_SERVER' | 'SERVER_TO_CLIENT'
  readonly element: Element
}

/** Lets somebody watch what clients send and get. While nobody does, it costs a look at one field. */
export class Tracing {
  readonly #watchers = new Set<(trace: Trace) => void>()
  /** Whether anybody watches. */
  watched = false

  /** Calls `watcher` for everything that passes from now on; returns how to stop that. */
  watch(watcher: (trace: Trace) => void): () => void {
    this.#watchers.add(watcher)
    this.watched = true
    return () => {
      this.#watchers.delete(watcher)
      this.watched = this.#watchers.size > 0
    }
  }

  /** Tells the watchers. */
  tell(trace: Trace): void {
    for (const watcher of this.#watchers) watcher(trace)
  }
}
