/**
 * A start runs little code often, and most of that is Node's, which resolves the names of some hundred files. Optimizing it brings V8's compilers into
 * memory, 8 MB with nobody there, for code that never runs again.
 */
import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
// Node keeps its own files compiled for V8 with the switches that it was started with: what most of us need comes before they change.
import 'node:crypto'
import 'node:fs/promises'
import 'node:sqlite'
import 'node:timers/promises'
import 'node:tls'
import 'node:worker_threads'
import { setMemorySwitches } from './memory-switches.ts'

/** A start that takes longer, in milliseconds, has more to do than to load code. */
const LONGEST_MS = 2000

let waiting: NodeJS.Timeout | undefined

/** Has V8 optimize nothing until `optimize` is called, or the start takes long. */
export function optimizeLater(): void {
  switchCompilers('no-')
  waiting = setTimeout(optimize, LONGEST_MS).unref()
}

/** Has V8 optimize what runs often, as usual. */
export function optimize(): void {
  if (waiting === undefined) return
  clearTimeout(waiting)
  waiting = undefined
  // Compiled code is for the switches with which it is written down, and the next start has these.
  flushCompileCache()
  switchCompilers('')
  setMemorySwitches()
}

function switchCompilers(no: 'no-' | ''): void {
  for (const compiler of ['maglev', 'turbofan']) setFlagsFromString(`--${no}${compiler}`)
}
