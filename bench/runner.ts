/** Runs the parts of the benchmark: part by part and repetition by repetition, the peers one after another, so that all meet the same machine. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Population, populate } from './accounts.ts'
import { type Patience, type Row, generate, undisturbed } from './load.ts'
import { calibrate } from './meters/machine.ts'
import { memory } from './meters/processes.ts'
import type { Peer, Profile } from './peers/peer.ts'
import { borrowRabbit } from './rabbit.ts'
import type { Effort, Section, Step } from './sections.ts'
import { Server } from './server.ts'

/** How a run is made. */
export interface RunOptions {
  readonly effort: Effort
  readonly population: Population
  readonly patience: Patience
  readonly reps: number
  readonly peers: readonly Peer[]
  /** Takes every result, with the part that it belongs to. */
  readonly write: (section: Section, rows: readonly Row[]) => void
}

/** Seconds in which a server that has just started settles down. */
const SETTLE = 1

/** One peer with one profile in one part. */
class Visit {
  readonly server: Server
  readonly #section: Section
  readonly #profile: Profile
  readonly #options: RunOptions
  readonly #beside: readonly number[]

  constructor(server: Server, section: Section, profile: Profile, options: RunOptions, beside: readonly number[]) {
    this.server = server
    this.#section = section
    this.#profile = profile
    this.#options = options
    this.#beside = beside
  }

  /** Starts the server on the part's snapshot; resolves with the milliseconds that it took. */
  async begin(): Promise<number> {
    await this.server.fresh(this.#section.snapshot)
    const milliseconds = await this.server.start(this.#profile)
    await sleep(SETTLE * 1000)
    return milliseconds
  }

  async #generate(step: Step, rep: number): Promise<Row[]> {
    await this.server.ask('loop')
    const words = { rep, variant: this.#variant, beside: this.#beside.join(','), ...step.words }
    const rows = await generate(step.test, this.server, words)
    const loop = await this.server.ask('loop')
    return rows.map((row) => (row['test'] === 'archives' ? row : Object.assign({}, row, loop)))
  }

  get #variant(): string {
    return this.#profile === 'base' ? '' : this.#profile
  }

  /** Makes the steps of the part. */
  async steps(rep: number): Promise<void> {
    const steps = this.#section.steps(this.#options.effort, this.#profile).filter((step) => this.#can(step))
    if (!steps.every(({ fresh }) => fresh)) await this.begin()
    for (const step of steps) {
      const rows = await undisturbed(this.#options.patience, async () => {
        if (step.fresh) await this.begin()
        return this.#generate(step, rep)
      })
      this.#write(rows)
    }
  }

  #can({ words: { mechanism = 'auto' } }: Step): boolean {
    return mechanism === 'auto' || this.server.peer.mechanisms.some((offered) => offered === mechanism)
  }

  /** How long the server takes to start, and what it takes with nobody there. */
  async start(rep: number): Promise<void> {
    await this.begin() // Brings its code into the memory of the machine.
    const rows = await undisturbed(this.#options.patience, async () => {
      const milliseconds = await this.begin()
      await sleep(2000)
      const { rss } = memory([this.server.pid!])
      const head = { test: 'start', label: this.server.peer.name, variant: this.#variant, rep, calib_ms: calibrate() }
      return [{ ...head, start_ms: Math.round(milliseconds), rss_mb: Number((rss / 1_048_576).toFixed(1)) }]
    })
    this.#write(rows)
  }

  /** Whether the heap grows at half of the rate of saturation. */
  async growth(rep: number): Promise<void> {
    const { effort } = this.#options
    await this.begin()
    const words = { pairs: effort.pairs, seconds: effort.seconds, warmup: effort.warmup }
    const [most] = await this.#generate({ test: 'route', words }, rep)
    const rate = Math.floor(Number(most!['delivered_per_s']) / 2)
    const load = (seconds: number) => this.#generate({ test: 'route', words: { ...words, rate, seconds } }, rep)
    await load(effort.seconds)
    const before = await this.server.ask('heap')
    const [long] = await load(effort.minutes * 60)
    // The generator has given up: that was no load of minutes.
    if (long!['overload'] === true)
      throw new Error(`${this.server.peer.name}: too much else on this machine for ${rate} messages a second`)
    const after = await this.server.ask('heap')
    const mb = (figures: Record<string, number>, name: string) =>
      Number(((figures[name] ?? Number.NaN) / 1_048_576).toFixed(2))
    this.#write([
      {
        ...long,
        test: 'growth',
        minutes: effort.minutes,
        heap_before_mb: mb(before, 'heap_used'),
        heap_after_mb: mb(after, 'heap_used'),
        rss_before_mb: mb(before, 'rss'),
        rss_after_mb: mb(after, 'rss'),
      },
    ])
  }

  #write(rows: readonly Row[]): void {
    this.#options.write(this.#section, rows)
  }
}

/** Servers that may run; an end of the benchmark is their end. */
const servers = new Set<Server>()
process.once('exit', () => servers.forEach((server) => server.kill()))
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))

/** The server of a peer, which ends with this process. */
export function serverOf(peer: Peer): Server {
  const known = [...servers].find((server) => server.peer.name === peer.name)
  const server = known ?? new Server(peer)
  servers.add(server)
  return server
}

async function visitAll(section: Section, rep: number, options: RunOptions, beside: readonly number[]): Promise<void> {
  const { peers, population } = options
  for (const peer of peers.filter(({ name }) => section.peers.includes(name))) {
    const server = serverOf(peer)
    await populate(server, population, section.snapshot)
    for (const profile of section.profiles.filter((one) => peer.profiles.includes(one))) {
      const visit = new Visit(server, section, profile, options, beside)
      try {
        await visit[section.special ?? 'steps'](rep)
      } finally {
        await server.stop()
      }
    }
  }
}

/** Runs one part for all its peers. */
export async function runSection(section: Section, options: RunOptions): Promise<void> {
  const rabbit = section.profiles.includes('full') ? borrowRabbit() : undefined
  try {
    const reps = section.once ? 1 : options.reps
    for (let rep = 1; rep <= reps; rep++) await visitAll(section, rep, options, rabbit?.pids ?? [])
  } finally {
    rabbit?.giveBack()
  }
}
