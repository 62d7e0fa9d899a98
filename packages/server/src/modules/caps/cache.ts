/** Features by hash: only what was verified stands here, so that it holds for everybody whose presence has the hash (XEP-0115 §5.4). */
import { LRUCache } from 'lru-cache'
import type { CapsHash } from '@meerkat/protocol'
import type { Clock } from '../../core/clock.ts'
import type { Features } from './api.ts'

interface Entry {
  readonly features: Features
  /** When it was verified: milliseconds of the monotonic clock. */
  readonly at: number
}

export class CapsCache {
  readonly #entries: LRUCache<string, Entry>
  readonly #clock: Clock
  readonly #lifeMs: number

  /** Remembers so many hashes, each for so many seconds; those that were not asked for go first. */
  constructor(clock: Clock, size: number, lifeTime: number) {
    this.#clock = clock
    this.#lifeMs = lifeTime * 1000
    this.#entries = new LRUCache({ max: size })
  }

  get(caps: CapsHash): Features | undefined {
    const key = keyOf(caps)
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (this.#clock.monotonic() - entry.at < this.#lifeMs) return entry.features
    this.#entries.delete(key)
    return undefined
  }

  set(caps: CapsHash, features: Features): void {
    this.#entries.set(keyOf(caps), { features, at: this.#clock.monotonic() })
  }

  /** How many hashes are remembered. */
  get size(): number {
    return this.#entries.size
  }
}

/** The same hash means the same features, whatever software has it. */
export const keyOf = ({ version, algo, value }: CapsHash): string => `${version} ${algo} ${value}`
