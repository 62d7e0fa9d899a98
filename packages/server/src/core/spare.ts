/**
 * Gives back what a thread took to start: loading code fills the young generation up to its limit, which V8 keeps, and leaves gaps in the old one.
 * It takes some collections of everything, so it is for threads with small heaps that have nothing to do. Nothing happens without `--expose-gc`.
 */
export function spare(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/** When a thread that has started is likely to be at rest, in milliseconds. */
export const SPARE_MS = 1000
