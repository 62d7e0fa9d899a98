/** CPU time and memory of a process and all its descendants, and how busy the machine is: read from /proc, so on Linux only. */
import { readFileSync, readdirSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/** Ticks a second in /proc, on every mainstream build of Linux. */
const HZ = 100

interface Stat {
  readonly pid: number
  readonly parent: number
  readonly user: number
  readonly system: number
}

/** CPU time in microseconds. */
export interface CpuTime {
  readonly user: number
  readonly system: number
  readonly total: number
}

/** Memory in bytes. */
export interface Memory {
  readonly rss: number
  readonly anonymous: number
  readonly peak: number
}

/** One process; undefined when it is gone. Children that were waited for count as its own. */
function stat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name, in parentheses, may have anything in it.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15)
    return { pid, parent: fields[1] ?? 0, user: user + childUser, system: system + childSystem }
  } catch {
    return undefined
  }
}

function everyProcess(): Stat[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map((pid) => stat(Number(pid))).filter((found) => found !== undefined)
}

/** The processes and all that descend from them. */
function tree(roots: readonly number[]): Stat[] {
  const all = everyProcess()
  const found = new Set(all.filter(({ pid }) => roots.includes(pid)))
  const pids = new Set([...found].map(({ pid }) => pid))
  for (let before = -1; before !== found.size;) {
    before = found.size
    for (const one of all) {
      if (!pids.has(one.parent)) continue
      found.add(one)
      pids.add(one.pid)
    }
  }
  return [...found]
}

/** CPU time that the processes and their descendants have used so far; its resolution is 10 ms. */
export function cpuTime(roots: readonly number[]): CpuTime {
  let user = 0
  let system = 0
  for (const one of tree(roots)) {
    user += one.user
    system += one.system
  }
  const microseconds = 1e6 / HZ
  return { user: user * microseconds, system: system * microseconds, total: (user + system) * microseconds }
}

/** Waits until the processes have next to nothing to do, up to so many seconds. */
export async function settled(roots: readonly number[], seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000
  for (let quiet = 0; quiet < 2 && performance.now() < end;) {
    const before = cpuTime(roots).total
    await sleep(500)
    quiet = cpuTime(roots).total - before < 25_000 ? quiet + 1 : 0
  }
}

/** Memory of the processes and their descendants. */
export function memory(roots: readonly number[]): Memory {
  const sum = { rss: 0, anonymous: 0, peak: 0 }
  for (const { pid } of tree(roots)) {
    const text = statusOf(pid)
    sum.rss += kilobytes(text, 'VmRSS') * 1024
    sum.anonymous += kilobytes(text, 'RssAnon') * 1024
    sum.peak += kilobytes(text, 'VmHWM') * 1024
  }
  return sum
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1')
  } catch {
    return ''
  }
}

const kilobytes = (status: string, key: string): number =>
  Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0)

/** Bytes of the kernel's TCP buffers on the whole machine: they are in no process's memory. */
export function socketMemory(): number {
  const pages = /TCP:.* mem (\d+)/.exec(readFileSync('/proc/net/sockstat', 'latin1'))?.[1]
  return Number(pages ?? 0) * 4096
}

/** Ticks of all cores together since the machine started. */
export interface MachineTime {
  readonly idle: number
  /** What the host gave to others. */
  readonly stolen: number
  readonly total: number
}

/** How the machine has spent its time. */
export function machineTime(): MachineTime {
  const [first = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1)
  const ticks = first.trim().split(/\s+/).slice(1, 9).map(Number)
  const [, , , idle = 0, waiting = 0, , , stolen = 0] = ticks
  return { idle: idle + waiting, stolen, total: ticks.reduce((sum, value) => sum + value, 0) }
}
