/** Compares stream parsers: `node packages/xml/bench/parse.ts [rounds]`. Prints the table of README.md. */
import { type ChildProcess, spawn } from 'node:child_process'
import { type Interface, createInterface } from 'node:readline'
import { CHUNKINGS, type Chunking, corpus } from './corpus.ts'
import { FORBIDDEN } from './forbidden.ts'

const PARSERS = ['meerkat', 'ltx', '@xmpp/xml', 'saxes']

interface Rate {
  readonly trees: number
  readonly bytes: number
}

/** A parser's process. */
class Runner {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(name: string) {
    const worker = new URL('worker.ts', import.meta.url).pathname
    this.#child = spawn(process.execPath, [worker, name], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines: Interface = createInterface({ input: this.#child.stdout! })
    this.#lines = lines[Symbol.asyncIterator]()
  }

  async answer<T>(): Promise<T> {
    const line = await this.#lines.next()
    if (line.done === true) throw new Error('a parser ended early')
    return JSON.parse(line.value) as T
  }

  async measure(chunking: Chunking): Promise<Rate> {
    this.#child.stdin!.write(`${chunking}\n`)
    return this.answer<Rate>()
  }

  end(): void {
    this.#child.stdin!.end()
  }
}

function median(rates: readonly Rate[]): Rate {
  return rates.toSorted((a, b) => a.trees - b.trees)[rates.length >> 1]!
}

async function main(rounds: number): Promise<void> {
  const runners = new Map(PARSERS.map((name) => [name, new Runner(name)]))
  const accepted = new Map<string, string[]>()
  for (const [name, runner] of runners) accepted.set(name, (await runner.answer<{ accepted: string[] }>()).accepted)
  const rates = new Map<string, Rate[]>()
  // Interleaved, so that whatever else the machine does falls on all alike.
  for (let round = 0; round < rounds; round++) {
    for (const chunking of CHUNKINGS) {
      for (const [name, runner] of runners) {
        const key = `${name} ${chunking}`
        rates.set(key, [...(rates.get(key) ?? []), await runner.measure(chunking)])
      }
    }
  }
  for (const runner of runners.values()) runner.end()
  print(rates, accepted)
}

function print(rates: ReadonlyMap<string, Rate[]>, accepted: ReadonlyMap<string, string[]>): void {
  const stanzas = corpus(20_000)
  const mean = Buffer.byteLength(stanzas.join('')) / stanzas.length
  console.log(`Node ${process.version}, ${stanzas.length} stanzas, mean ${mean.toFixed(0)} B\n`)
  console.log(`| parser | ${CHUNKINGS.join(' | ')} | accepts of ${FORBIDDEN.length} |`)
  console.log(`|---|${CHUNKINGS.map(() => '---|').join('')}---|`)
  for (const name of PARSERS) {
    const cells = CHUNKINGS.map((chunking) => {
      const own = median(rates.get(`${name} ${chunking}`)!)
      const ratio = own.trees / median(rates.get(`ltx ${chunking}`)!).trees
      return `${(own.trees / 1000).toFixed(0)}k trees/s, ${(own.bytes / 1e6).toFixed(0)} MB/s, ${ratio.toFixed(2)}`
    })
    console.log(`| ${name} | ${cells.join(' | ')} | ${accepted.get(name)!.length} |`)
  }
  for (const [name, list] of accepted) console.log(`\n${name} accepts: ${list.join('; ') || 'none'}`)
}

await main(Number(process.argv[2] ?? 9))
