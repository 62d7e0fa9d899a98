/** What counting and looking at figures cost. Run: `node packages/server/bench/metrics.ts` */
import { Metrics } from '../src/core/metrics.ts'

const metrics = new Metrics()
const scope = metrics.scope({ host_type: 'localhost' })
const ROUNDS = 50_000_000

function measured(name: string, rounds: number, work: (rounds: number) => void): void {
  work(rounds / 10)
  const began = performance.now()
  work(rounds)
  console.log(`${name}: ${(((performance.now() - began) * 1e6) / rounds).toFixed(2)} ns`)
}

const counter = scope.counter('bench')
measured('count', ROUNDS, (rounds) => {
  for (let i = 0; i < rounds; i++) counter.value++
})
const histogram = scope.histogram('bench')
measured('observe', ROUNDS, (rounds) => {
  for (let i = 0; i < rounds; i++) histogram.observe(i & 0xffff)
})
for (let i = 0; i < 140; i++) scope.counter(`event_${i}`)
for (let i = 0; i < 10; i++) scope.histogram(`event_${i}`)
let length = 0
measured('scrape of 150 families', 1000, (rounds) => {
  for (let i = 0; i < rounds; i++) length += metrics.text().length
})
console.log(`${length > 0 ? metrics.text().length : 0} characters`)
