/** V8's collector, for threads that have started and for a heap that looks full. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let known: NodeJS.GCFunction | undefined

/**
 * The collector; undefined when another thread asked for it in the same instant. With `--expose-gc` on the command line Node would compile all of its
 * own files anew at each start, since those that it brings compiled are for V8 without that switch: 100 ms.
 */
export function collector(): NodeJS.GCFunction | undefined {
  if (known === undefined) {
    setFlagsFromString('--expose-gc')
    known = runInNewContext('globalThis.gc') as NodeJS.GCFunction | undefined
    setFlagsFromString('--no-expose-gc')
  }
  return known
}

/**
 * Gives back what a thread took to start: loading code fills the young generation up to its limit, which V8 keeps, and leaves gaps in the old one.
 * It takes some collections of everything, so it is for threads with small heaps that have nothing to do.
 */
export function spare(): void {
  collector()?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/** When a thread that has started is likely to be at rest, in milliseconds. */
export const SPARE_MS = 1000
