/** What every test of the generator works with: clients by number, results as lines of JSON, and waiting. */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { calibrate } from '../meters/machine.ts'
import { Client } from './client.ts'
import { login } from './login.ts'
import type { LoadOptions } from './options.ts'
import { SaltedPasswords } from './scram.ts'

/** Microseconds of this process's clock. */
export const microseconds = (): number => Math.floor(performance.now() * 1000)

/** Runs `work` for every number from `from` to `to`, a bounded number at once; rejects with the first failure. */
export async function each(
  from: number,
  to: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = from
  let failed = false
  const worker = async () => {
    while (next <= to && !failed) {
      try {
        await work(next++)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, to - from + 1) }, worker))
}

/** One run of one test. */
export class Test {
  readonly name: string
  readonly options: LoadOptions
  readonly #salted: SaltedPasswords
  readonly #calibration = calibrate()

  constructor(name: string, options: LoadOptions) {
    this.name = name
    this.options = options
    this.#salted = new SaltedPasswords(options.salted)
  }

  /** A client for account `index`, which has not connected yet. */
  client(index: number, prefix = this.options.prefix): Client {
    const { domain, tls, mechanism, number } = this.options
    return new Client({
      port: number('port'),
      domain,
      user: prefix + index,
      password: `p${index}`,
      mechanism,
      tls,
      salted: this.#salted,
      timeoutMs: number('timeout') * 1000,
    })
  }

  /** Accounts `from` to `to` logged in, in order. */
  async connect(from: number, to: number, prefix?: string, how = login): Promise<Client[]> {
    const clients: Client[] = []
    await each(from, to, this.options.number('concurrency'), async (index) => {
      const client = this.client(index, prefix)
      await how(client)
      clients[index - from] = client
    })
    this.#salted.save()
    return clients
  }

  /** Closes all, and waits a while for the server to do so, too. */
  async close(clients: readonly Client[]): Promise<void> {
    for (const client of clients) client.end()
    await until(() => clients.every(({ closed }) => closed), 10)
    for (const client of clients) client.destroy()
  }

  /** Writes one result. */
  emit(result: Readonly<Record<string, unknown>>): void {
    const { label, variant, tls, number } = this.options
    const head = { test: this.name, calib_ms: this.#calibration, label, variant, rep: number('rep') }
    console.log(JSON.stringify({ ...head, tls: tls ? 'starttls' : 'none', ...result }))
  }
}

/** Waits for something, up to so many seconds; whether it came. */
export async function until(done: () => boolean, seconds: number): Promise<boolean> {
  const end = performance.now() + seconds * 1000
  while (!done()) {
    if (performance.now() >= end) return false
    await sleep(Math.min(50, Math.max(1, end - performance.now())))
  }
  return true
}

/** Waits until `value` has not changed for so many seconds, or is what it should be. */
export async function drained(value: () => number, complete: () => boolean, patience: number): Promise<void> {
  let last = value()
  while (!complete()) {
    const before = last
    const changed = () => value() !== before || complete()
    if (!(await until(changed, patience))) return
    last = value()
  }
}
