/**
 * `npm run bench -- --quick [COMMIT]`: the working tree beside a commit (HEAD when none is named), in under three minutes. Both run all the time and take
 * turns of some seconds, so that what the machine does besides meets both alike, and each is as warm as the other. Prints the median of the turns' ratios:
 * below 1 the working tree is cheaper. For use before and after a change; what it says within three percent is noise.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { populate } from './accounts.ts'
import { checkOut, copyTree } from './commit.ts'
import { type LoadWords, generate } from './load.ts'
import { calibrate } from './meters/machine.ts'
import { meerkat } from './peers/meerkat/index.ts'
import type { Profile } from './peers/peer.ts'
import { serverOf } from './runner.ts'
import type { Server } from './server.ts'

/** A figure that is compared. */
interface Figure {
  readonly name: string
  readonly test: string
  readonly words: LoadWords
  readonly field: string
}

const USERS = 1000
const brief = { pairs: 200, warmup: 1, seconds: 2 }

const slow: Figure = {
  name: 'message, 2,000/s: CPU µs',
  test: 'route',
  words: { ...brief, rate: 2000 },
  field: 'cpu_us_per_msg',
}
const fast: Figure = { name: 'message, saturation: CPU µs', test: 'route', words: brief, field: 'cpu_us_per_msg' }
const archived: Figure = { ...fast, name: 'message archived, saturation: CPU µs' }
const login: Figure = {
  name: 'login, SCRAM-SHA-1: CPU ms',
  test: 'logins',
  words: { users: USERS, mechanism: 'SCRAM-SHA-1' },
  field: 'cpu_ms_per_login',
}
const idle: Figure = {
  name: `idle session of ${USERS}: RSS kB`,
  test: 'idle',
  words: { steps: String(USERS), settle: 2, silence: 1 },
  field: 'rss_kb_per_conn',
}

/** What is measured after one start of the servers. */
interface Start {
  readonly profile: Profile
  readonly figures: readonly Figure[]
  readonly turns: number
}

const starts: readonly Start[] = [
  { profile: 'base', figures: [fast, slow, login], turns: 6 },
  { profile: 'mam', figures: [archived], turns: 4 },
  // Memory is much the same each time.
  { profile: 'base', figures: [idle], turns: 1 },
]

/** What each turn has found of a figure: of the commit, and of the working tree. */
interface Comparison {
  readonly figure: Figure
  readonly pairs: readonly (readonly [was: number, is: number])[]
}

async function valueOf(server: Server, { test, words, field }: Figure): Promise<number> {
  const [row] = await generate(test, server, words)
  return Number(row?.[field])
}

/** The figure of each server; every second turn runs the other way round. */
async function inTurn(servers: readonly Server[], figure: Figure, time: number): Promise<readonly [number, number]> {
  const values = new Map<Server, number>()
  for (const server of time % 2 === 0 ? servers : servers.toReversed())
    values.set(server, await valueOf(server, figure))
  const [was = Number.NaN, is = Number.NaN] = servers.map((server) => values.get(server))
  return [was, is]
}

async function compare(servers: readonly Server[], { profile, figures, turns }: Start): Promise<Comparison[]> {
  for (const server of servers) {
    await server.fresh('accounts')
    await server.start(profile)
  }
  await sleep(2000)
  const comparisons = figures.map((figure) => ({ figure, pairs: [] as (readonly [number, number])[] }))
  for (let time = 0; time < turns; time++)
    for (const { figure, pairs } of comparisons) pairs.push(await inTurn(servers, figure, time))
  for (const server of servers) await server.stop()
  return comparisons
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

function print(comparisons: readonly Comparison[], before: string, after: string): void {
  console.log(`${'medians'.padEnd(40)} ${before.padStart(18)} ${after.padStart(18)}  ratio`)
  for (const { figure, pairs } of comparisons) {
    const columns = [pairs.map(([was]) => was), pairs.map(([, is]) => is)].map((all) =>
      median(all).toFixed(2).padStart(18),
    )
    const ratios = pairs.map(([was, is]) => is / was)
    const all = ratios.map((ratio) => ratio.toFixed(2)).join(' ')
    console.log(`${figure.name.padEnd(40)} ${columns.join(' ')}  ${median(ratios).toFixed(2)}   (${all})`)
  }
}

/** Compares, and prints the table. */
export async function runQuick(revision: string): Promise<void> {
  const [before, here] = [checkOut(revision), copyTree()]
  const servers = [before, here].map(({ folder, commit }, index) => serverOf(meerkat(folder, commit, 18_222 + index)))
  try {
    for (const server of servers) await populate(server, { users: USERS, storm: 0, contacts: 0 }, 'accounts')
    console.log(`calibration: ${calibrate()} ms`)
    const comparisons: Comparison[] = []
    for (const start of starts) comparisons.push(...(await compare(servers, start)))
    print(comparisons, before.commit, here.commit)
  } finally {
    for (const server of servers) await server.remove()
    for (const { remove } of [before, here]) remove()
  }
}
