/**
 * Failed logins of late (S36, RFC 6120 §6.4.5): who fails often waits longer for each answer, and a network that goes on is not let try any more.
 * Nothing is held against an account but the time that it takes to be told of a failure: its owner gets in with the right password at once.
 */
import type { Jid } from '@meerkat/protocol'
import { LRUCache } from 'lru-cache'
import type { Clock } from './clock.ts'
import { network } from './network.ts'

/** How many networks, and how many accounts, are remembered: those that failed last. */
const REMEMBERED = 10_000
/** How long it takes until one failure is forgiven, in milliseconds. */
const FORGIVEN_MS = 10_000
/** Failures of a network without consequences: many people may share an address. */
const SHARED = 10
/** Seconds that an answer waits after one failure, doubled with each one more, and at most. */
const DELAY = 0.5
const MAX_DELAY = 8

/** Failures, as of a time in milliseconds. */
interface Failures {
  readonly count: number
  readonly at: number
}

/** What a node remembers of failed logins, whatever listener they came over. No address: it is that of a proxy, before many clients. */
export class Guesses {
  readonly #clock: Clock
  readonly #networks = new LRUCache<string, Failures>({ max: REMEMBERED })
  readonly #accounts = new LRUCache<string, Failures>({ max: REMEMBERED })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether the network of an address has failed so often that it must wait: once more than `limit`, and then once for each failure forgiven. */
  tooMany(ip: string | undefined, limit: number): boolean {
    return ip !== undefined && this.#count(this.#networks, network(ip)) >= limit
  }

  /** Notes a failure; how many seconds its answer should wait. An account that does not exist counts like others, so that nobody can tell (S32). */
  failed(ip: string | undefined, account: Jid | undefined): number {
    const ofNetwork = ip === undefined ? 0 : delayAfter(this.#add(this.#networks, network(ip)) - SHARED)
    if (account === undefined) return ofNetwork
    return Math.max(ofNetwork, delayAfter(this.#add(this.#accounts, account.bare.toString())))
  }

  /** Forgets what failed for an account. What a network has done is not made good by its one right password. */
  succeeded(account: Jid): void {
    this.#accounts.delete(account.bare.toString())
  }

  /** Adds one; how many there were before. */
  #add(cache: LRUCache<string, Failures>, key: string): number {
    const count = this.#count(cache, key)
    cache.set(key, { count: count + 1, at: this.#clock.monotonic() })
    return count
  }

  #count(cache: LRUCache<string, Failures>, key: string): number {
    const failures = cache.get(key)
    if (failures === undefined) return 0
    const forgiven = (this.#clock.monotonic() - failures.at) / FORGIVEN_MS
    return Math.max(0, failures.count - forgiven)
  }
}

function delayAfter(failures: number): number {
  return failures < 1 ? 0 : Math.min(DELAY * 2 ** (Math.floor(failures) - 1), MAX_DELAY)
}
