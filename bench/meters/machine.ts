/** How fast the machine is at the moment, and whether it has something else to do. */
import { pbkdf2Sync } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { machineTime } from './processes.ts'

/** Milliseconds of a fixed job, the best of five: virtual machines drift, and figures compare only where this one is similar. */
export function calibrate(): number {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now()
    pbkdf2Sync('calib', 'salt', 20_000, 20, 'sha1')
    return performance.now() - start
  })
  return Number(Math.min(...times).toFixed(2))
}

/** Waits until all processes together use less than the given share of one core, but no longer than so many seconds. */
export async function untilQuiet(mostPercent: number, mostSeconds: number): Promise<void> {
  const end = performance.now() + mostSeconds * 1000
  while (performance.now() < end) {
    const before = machineTime()
    await sleep(2000)
    const after = machineTime()
    const total = Math.max(1, after.total - before.total)
    const cores = 2 * (1 - (after.idle - before.idle) / total)
    if (cores * 100 <= mostPercent) return
  }
}
