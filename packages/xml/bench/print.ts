/** Compares serializers on trees that were parsed before: `node packages/xml/bench/print.ts`. */
import { Buffer } from 'node:buffer'
import { parse } from 'ltx'
import { parseElement, serialize } from '../src/index.ts'
import { corpus } from './corpus.ts'

const ROUNDS = 60
const texts = corpus(5000)
const ours = texts.map((text) => parseElement(text))
const theirs = texts.map((text) => parse(text))

/** Each round's prints per second of CPU time; every text is read once, as writing to a socket would. */
function round(print: () => readonly string[]): number {
  const start = process.cpuUsage()
  let bytes = 0
  for (const text of print()) bytes += Buffer.byteLength(text)
  const used = process.cpuUsage(start)
  return bytes === 0 ? 0 : texts.length / ((used.user + used.system) / 1e6)
}

const rates: [number[], number[]] = [[], []]
for (let i = 0; i < ROUNDS; i++) {
  rates[0].push(round(() => ours.map((element) => serialize(element))))
  rates[1].push(round(() => theirs.map((element) => element.toString())))
}
const [own, ltx] = rates.map((list) => list.toSorted((a, b) => a - b)[list.length >> 1]!) as [number, number]
console.log(`meerkat ${(own / 1000).toFixed(0)}k/s, ltx ${(ltx / 1000).toFixed(0)}k/s, ratio ${(own / ltx).toFixed(2)}`)
