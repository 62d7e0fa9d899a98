/** R22: refuses new clients while the heap is nearly full, so that those who are here keep being served. */
import process from 'node:process'
import { getHeapStatistics } from 'node:v8'
import type { Kernel } from '../core/kernel.ts'
import { collector } from '../core/spare.ts'

/** Bytes of the heap. */
export interface HeapUse {
  readonly used: number
  readonly limit: number
}

/** How the heap is looked at, and freed of garbage. */
export interface Heap {
  use(): HeapUse
  collect(): void
}

/** How often the owner calls `look`, in seconds, when few newcomers ask for room. */
export const LOOK_SECONDS = 1

/** Percent that the use must fall below the limit before clients are welcome again: not one in, one out. */
const RELIEF = 10
/** A heap full of garbage is not full, so it is collected before that is believed; milliseconds between two times. */
const COLLECT_MS = 10_000

const REASON = 'the heap is nearly full'

/** Watches the heap. */
export class HeapWatch {
  readonly #kernel: Kernel
  readonly #most: () => number
  readonly #heap: Heap
  #collectedAt = -Infinity

  /** `most` is the percentage of the heap that may be in use; at 100 nobody is refused. */
  constructor(kernel: Kernel, most: () => number, heap: Heap = processHeap) {
    this.#kernel = kernel
    this.#most = most
    this.#heap = heap
  }

  /** Looks at the heap, and refuses or welcomes clients. */
  look(): void {
    const most = this.#most()
    const refusing = this.#kernel.room.shortage !== undefined
    const full = most < 100 && this.#isAbove(refusing ? most - Math.min(RELIEF, most / 2) : most)
    if (full === refusing) return
    this.#kernel.room.shortage = full ? REASON : undefined
    if (full) this.#kernel.log.warn({ what: 'heap_nearly_full', ...this.#heap.use() }, 'new connections are refused')
    else this.#kernel.log.notice({ what: 'heap_has_room', ...this.#heap.use() }, 'new connections are accepted again')
  }

  #isAbove(percent: number): boolean {
    if (percentUsed(this.#heap.use()) < percent) return false
    const now = this.#kernel.clock.monotonic()
    if (now - this.#collectedAt < COLLECT_MS) return true
    this.#heap.collect()
    this.#collectedAt = now
    return percentUsed(this.#heap.use()) >= percent
  }
}

const percentUsed = ({ used, limit }: HeapUse): number => (100 * used) / limit

const MIB = 1024 * 1024

/** What V8 sets aside for young objects, of a limit that it has derived from the machine's memory: 3/128 of the rest. */
const YOUNG_SHARE = 3 / 131

/** Bytes for old objects: the process ends when they do not fit. Told on the command line, the limit has much more for young ones on top. */
export function oldSpace(
  told = `${process.env['NODE_OPTIONS'] ?? ''} ${process.execArgv.join(' ')}`,
  limit = getHeapStatistics().heap_size_limit,
): number {
  const [, megabytes] = [...told.matchAll(/--max[-_]old[-_]space[-_]size[= ](\d+)/g)].at(-1) ?? []
  return megabytes === undefined ? limit * (1 - YOUNG_SHARE) : Number(megabytes) * MIB
}

/** The heap of this process. */
export const processHeap: Heap = {
  // R23: process.memoryUsage() would want a file descriptor, and may get none.
  use: () => ({ used: getHeapStatistics().used_heap_size, limit: oldSpace() }),
  collect() {
    collector()?.()
  },
}
