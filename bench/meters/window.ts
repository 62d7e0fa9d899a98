/** One measured interval: what the server, the generator and everybody else used of the machine meanwhile. */
import { performance } from 'node:perf_hooks'
import { type CpuTime, cpuTime, machineTime } from './processes.ts'
import { round } from './round.ts'

/** Whose CPU time is counted. */
export interface Subjects {
  /** The server's processes. */
  readonly server: readonly number[]
  /** Processes that belong to the load, such as a broker: neither the server nor a disturbance. */
  readonly beside: readonly number[]
}

/** What an interval cost. CPU times are in microseconds. */
export interface Spent {
  readonly seconds: number
  readonly server: CpuTime
  /** Shares of one core, as they are written into the results. */
  readonly shares: {
    readonly server_cpu_pct: number | null
    readonly gen_cpu_pct: number | null
    /** What unrelated processes used: a figure that was taken beside them is worth less. */
    readonly other_cpu_pct: number | null
    readonly steal_pct: number | null
  }
}

const minus = (after: CpuTime, before: CpuTime): CpuTime => ({
  user: after.user - before.user,
  system: after.system - before.system,
  total: after.total - before.total,
})

/** Begins an interval; the function that it returns ends it. */
export function openWindow({ server, beside }: Subjects): () => Spent {
  const machine = machineTime()
  const own = process.cpuUsage()
  const [serverBefore, besideBefore] = [cpuTime(server), cpuTime(beside)]
  const start = performance.now()
  return () => {
    const spent = minus(cpuTime(server), serverBefore)
    const aside = minus(cpuTime(beside), besideBefore)
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(own)
    const after = machineTime()
    const ticks = after.total - machine.total
    const stolen = after.stolen - machine.stolen
    const busy = (ticks - (after.idle - machine.idle) - stolen) * 1e4
    const share = (microseconds: number) => round(microseconds / seconds / 1e4)
    return {
      seconds,
      server: spent,
      shares: {
        server_cpu_pct: share(spent.total),
        gen_cpu_pct: share(user + system),
        other_cpu_pct: share(Math.max(0, busy - spent.total - aside.total - user - system)),
        steal_pct: round((stolen * 100) / Math.max(1, ticks), 2),
      },
    }
  }
}
