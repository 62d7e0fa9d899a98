/** What firing a hook costs, by kind and number of listeners. Run: `node packages/server/bench/hooks.ts` */
import { performance } from 'node:perf_hooks'
import { Message } from '@meerkat/protocol'
import { Hooks, type Registration, first, fold, notify } from '../src/core/hooks.ts'

const ROUNDS = 2_000_000

const told = notify<[value: object]>('bench notify')
const asked = first<[value: object], boolean>('bench first')
const passed = fold<object, [value: object]>('bench fold')

/** Nanoseconds of one run: the least of five, after one to warm up. */
function measure(name: string, work: () => unknown): void {
  let least = Infinity
  let sink = 0
  for (let round = 0; round <= 5; round++) {
    const began = performance.now()
    for (let i = 0; i < ROUNDS; i++) if (work() === sink) sink++
    if (round > 0) least = Math.min(least, ((performance.now() - began) * 1e6) / ROUNDS)
  }
  console.log(`${name.padEnd(28)} ${least.toFixed(1).padStart(8)} ns`)
}

function withListeners(count: number, registration: () => Registration): Hooks {
  const hooks = new Hooks((hook, owner, error) => {
    throw new Error(`${hook}, ${owner}`, { cause: error })
  })
  for (let i = 0; i < count; i++) hooks.add(`listener ${i}`, registration())
  return hooks
}

const value = Message({ to: 'romeo@example.com' })
for (const count of [0, 1, 5]) {
  const telling = withListeners(count, () => told.on(() => {}))
  measure(`notify, ${count} listeners`, () => telling.notify(told, value))
  const asking = withListeners(count, () => asked.on(() => undefined))
  measure(`first, ${count} without answer`, () => asking.first(asked, value))
  const passing = withListeners(count, () => passed.on((before) => before))
  measure(`fold, ${count} listeners`, () => passing.fold(passed, value, value))
}
