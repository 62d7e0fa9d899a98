/** Outgoing connections, by the sections `[outgoing_pools.TYPE.TAG]`. */
import { systemClock } from '../core/clock.ts'
import type { Pool } from '../core/config/types.ts'
import type { Log } from '../core/log.ts'
import type { MetricScope } from '../core/metrics.ts'
import { openRabbitPool } from '../pools/rabbit.ts'

/** The types of pools that this server has; the main store (`storage.ts`) opens `rdbms`. */
export const poolTypes: ReadonlySet<string> = new Set(['rabbit', 'rdbms'])

/** A pool that is open. */
export interface OpenPool {
  readonly type: string
  readonly tag: string
  /** The host type that it serves; undefined for all. */
  readonly hostType: string | undefined
  /** What modules get from `host.pool(type, tag)`. */
  readonly value: unknown
  /** Shows what it counts. */
  show(scope: MetricScope): void
  close(): Promise<void>
}

/** Opens the pools; none of them waits for its service. */
export function openPools(pools: readonly Pool[], log: Log): OpenPool[] {
  return pools.flatMap((pool) => {
    if (pool.type === 'rdbms') return []
    if (pool.type !== 'rabbit') throw new Error(`[outgoing_pools.${pool.type}] is not built into this server`)
    const name = `meerkat ${pool.tag}`
    const value = openRabbitPool({ settings: pool.settings, name, log, clock: systemClock() })
    return {
      type: pool.type,
      tag: pool.tag,
      hostType: pool.hostType,
      value,
      show: (scope: MetricScope) => value.figures.show(scope, pool.hostType === undefined),
      close: () => value.close(),
    }
  })
}
