import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { it } from 'node:test'
import { story } from '../testing/story.ts'
import { HeapWatch, oldSpace, processHeap } from './heap-watch.ts'

/** A heap of 100 bytes, so much of them in use, and so much of that by garbage. */
class SmallHeap {
  live = 0
  garbage = 0
  collections = 0
  use = () => ({ used: this.live + this.garbage, limit: 100 })
  collect = () => {
    this.collections++
    this.garbage = 0
  }
}

it('R22: refuses clients from the share on, and welcomes them again a tenth below it', async (t) => {
  const { kernel, clock } = await story(t, { modules: [] })
  const heap = new SmallHeap()
  let most = 80
  const watch = new HeapWatch(kernel, () => most, heap)
  const refusesAt = (live: number): boolean => {
    heap.live = live
    clock.advance(10)
    watch.look()
    return kernel.room.shortage !== undefined
  }
  assert.deepEqual([79, 80, 79, 71, 70, 69, 79, 99].map(refusesAt), [false, true, true, true, true, false, false, true])
  most = 100
  assert.equal(refusesAt(99), false)
})

it('R22: collects garbage before it believes that the heap is full, but not again and again', async (t) => {
  const { kernel, clock } = await story(t, { modules: [] })
  const heap = new SmallHeap()
  const watch = new HeapWatch(kernel, () => 80, heap)
  heap.garbage = 90
  watch.look()
  assert.deepEqual([kernel.room.shortage, heap.collections], [undefined, 1])
  heap.garbage = 90
  watch.look()
  assert.deepEqual([kernel.room.shortage === undefined, heap.collections], [false, 1])
  clock.advance(10)
  watch.look()
  assert.deepEqual([kernel.room.shortage, heap.collections], [undefined, 2])
})

it('R22: is asked by newcomers, who may be many before the next second', async (t) => {
  const { kernel } = await story(t, { modules: [] })
  const heap = new SmallHeap()
  const watch = new HeapWatch(kernel, () => 80, heap)
  kernel.room.look = () => watch.look()
  let taken = 0
  while (kernel.room.forOneMore()) heap.live = ++taken / 10
  assert.equal(taken, 849)
})

it('knows the heap of this process, and can collect its garbage', () => {
  const { used, limit } = processHeap.use()
  assert.ok(used > 0 && used < limit)
  processHeap.collect()
  processHeap.collect()
})

it('R23: memory is looked at without a file descriptor', () => {
  const look = `
    import { openSync } from 'node:fs'
    import { processHeap } from ${JSON.stringify(import.meta.resolve('./heap-watch.ts'))}
    import { residentBytes } from ${JSON.stringify(import.meta.resolve('./process-metrics.ts'))}
    const before = residentBytes()
    try { for (;;) openSync('/dev/null') } catch (error) { if (error.code !== 'EMFILE') throw error }
    if (!(processHeap.use().used > 0 && residentBytes() === before)) throw new Error('nothing was measured')`
  const limited = ['-c', 'ulimit -n 200; exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', look]
  const { status, stderr } = spawnSync('sh', limited, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})

it('knows how much of the limit is for what lives long', () => {
  assert.equal(oldSpace('', 131), 128)
  assert.equal(oldSpace('--max-old-space-size=64 --inspect', 1), 64 * 1024 * 1024)
  assert.equal(oldSpace('--max_old_space_size=64 --max-old-space-size 128', 1), 128 * 1024 * 1024)
})
