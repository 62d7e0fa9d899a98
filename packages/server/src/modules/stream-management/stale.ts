/** XEP-0198 §5: how much was handled in sessions that are over, for clients that try to resume them. */
import type { Jid } from '@meerkat/protocol'
import type { HandledCount, Host, Timer } from '../../core/module.ts'

/** The section `stale_h`, in seconds. */
export interface StaleSettings {
  readonly enabled: boolean
  readonly repeat_after: number
  readonly geriatric: number
}

/** How many are remembered; the oldest make room. */
const LIMIT = 100_000

/** Remembers for `geriatric` seconds. */
export class StaleCounts {
  readonly #host: Host
  readonly #settings: StaleSettings
  /** By user and id, oldest first. */
  readonly #counts = new Map<string, { readonly inbound: HandledCount; readonly until: number }>()
  readonly #timer: Timer | undefined

  constructor(host: Host, settings: StaleSettings) {
    this.#host = host
    this.#settings = settings
    if (settings.enabled) this.#timer = host.every(settings.repeat_after, () => this.#forget())
  }

  /** A session of `user` is over. */
  remember(user: Jid, id: string, inbound: HandledCount): void {
    if (!this.#settings.enabled) return
    const until = this.#host.clock.monotonic() + this.#settings.geriatric * 1000
    this.#counts.set(keyOf(user, id), { inbound, until })
    if (this.#counts.size > LIMIT) for (const [key] of this.#counts.entries().take(1)) this.#counts.delete(key)
  }

  /** How many stanzas were handled in that session of `user`; undefined when nobody knows. */
  find(user: Jid, id: string): number | undefined {
    const found = this.#counts.get(keyOf(user, id))
    return found === undefined || found.until < this.#host.clock.monotonic() ? undefined : found.inbound.handled
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #forget(): void {
    const now = this.#host.clock.monotonic()
    for (const [key, { until }] of this.#counts) {
      if (until >= now) return
      this.#counts.delete(key)
    }
  }
}

const keyOf = (user: Jid, id: string): string => `${user.bare} ${id}`
