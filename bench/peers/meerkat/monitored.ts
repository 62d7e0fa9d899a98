/** How a program on Node is started so that the benchmark can ask it for its event loop's delay and its heap. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Launch } from '../peer.ts'

/** Runs the script with monitor.mjs loaded before it. */
export function monitored(home: string, script: readonly string[]): Launch {
  const monitor = join(home, 'monitor')
  const preload = pathToFileURL(join(import.meta.dirname, 'monitor.mjs'))
  return {
    command: process.execPath,
    args: [`--import=${preload.href}?socket=${encodeURIComponent(monitor)}`, ...script],
    // As `npm start` and the command line do: types are not stripped again at each start, which takes time and memory.
    env: { NODE_COMPILE_CACHE: join(home, 'compile-cache') },
    monitor,
  }
}
