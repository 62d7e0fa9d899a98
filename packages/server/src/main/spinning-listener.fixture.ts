/**
 * A process whose module keeps the event loop in a listener of a hook, until its standard input has a byte. The thread that writes the store in the
 * folder that it is told is the one that watches; without one, a thread of its own.
 */
import { readSync } from 'node:fs'
import process from 'node:process'
import { Hooks, notify } from '../core/hooks.ts'
import { createLog } from '../core/log.ts'
import { Metrics } from '../core/metrics.ts'
import { openSqlite } from '../storage/sqlite/index.ts'
import { lineWriter } from './log-output.ts'
import { LoopWatch } from './loop-watch.ts'

const metrics = new Metrics()
const folder = process.argv[2]
const watch = new LoopWatch(500)
const store = folder === undefined ? undefined : await openSqlite({ file: `${folder}/x.db`, guest: watch.guest })
watch.begin(createLog('warning', { write: lineWriter() }), metrics.scope(), store !== undefined)
const beat = setInterval(() => watch.beat(), 100)
const hooks = new Hooks((_hook, _owner, error) => {
  throw error
})
const slow = notify('something slow')
hooks.add('mod_slow', slow.on(keepTheLoop))

function keepTheLoop(): void {
  while (!hasByte()) {}
}

/** Standard input never waits: whoever asks too early is told to come again. */
function hasByte(): boolean {
  try {
    return readSync(0, Buffer.alloc(1)) > 0
  } catch {
    return false
  }
}

setTimeout(() => {
  process.stdout.write('blocking\n')
  void hooks.notify(slow)
  const told = setInterval(() => {
    const [, count] = /blocked_time_count (\d+)/.exec(metrics.text()) ?? []
    if (count !== '1') return
    clearInterval(told)
    clearInterval(beat)
    process.stdout.write('measured\n')
    void watch.close().then(() => store?.close())
  }, 50)
}, 1000)
