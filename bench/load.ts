/** Runs the load generator on its core, and again when other work on the machine spoilt the figures. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { disturbance } from './meters/disturbance.ts'
import { untilQuiet } from './meters/machine.ts'
import { LOAD_CORE, type Server } from './server.ts'
import { DOMAIN, portForServers } from './state.ts'

/** One result, as the generator printed it. */
export type Row = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

/** Options of the generator, as on its command line: `true` for a flag. */
export type LoadWords = Readonly<Record<string, string | number | boolean>>

/** How much patience there is with other work on the machine. */
export interface Patience {
  /** How often a run is made at most, where it is disturbed. */
  readonly tries: number
  /** Seconds to wait for a quiet machine before each run. */
  readonly wait: number
}

/** Runs one test against a running server; resolves with its rows. */
export function generate(test: string, server: Server, words: LoadWords): Promise<Row[]> {
  const all: LoadWords = {
    port: server.peer.port,
    s2s: portForServers(server.peer.port),
    domain: DOMAIN,
    pid: server.pid ?? '',
    label: server.peer.name,
    salted: join(server.home, 'salted'),
    ...words,
  }
  const options = Object.entries(all).flatMap(([name, value]) => {
    if (value === false) return []
    return value === true ? [`--${name}`] : [`--${name}`, String(value)]
  })
  const script = join(import.meta.dirname, 'load', 'main.ts')
  const node = [process.execPath, '--max-semi-space-size=32', script, test, ...options]
  const child = spawn('taskset', ['-c', LOAD_CORE, ...node], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', error: '' }
  child.stdout.on('data', (data: Buffer) => (said.out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (said.error += data.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code !== 0) reject(new Error(`${test} against ${server.peer.name} failed:\n${said.error.slice(-2000)}`))
      else
        resolve(
          said.out
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line) as Row),
        )
    })
  })
}

const worst = (rows: readonly Row[]) => Math.max(0, ...rows.map(disturbance))

/** Runs `measure` until it was undisturbed, a bounded number of times; resolves with the rows of the least disturbed run. */
export async function undisturbed(patience: Patience, measure: () => Promise<Row[]>): Promise<Row[]> {
  let best: Row[] | undefined
  for (let time = 0; time < patience.tries; time++) {
    await untilQuiet(15, patience.wait)
    const rows = await measure()
    if (best === undefined || worst(rows) < worst(best)) best = rows
    if (worst(best) <= 1) break
  }
  return best ?? []
}
