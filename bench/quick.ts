/**
 * `npm run bench -- --quick [COMMIT]`: the working tree beside a commit (HEAD when none is named), in turns, in under three minutes. Prints ratios: below
 * 1 the working tree is cheaper. For use before and after a change; what it says within five percent is noise.
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
const TURNS = 2
const brief = { pairs: 200, warmup: 2, seconds: 3 }

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

/** What is measured after one start of the server. */
interface Start {
  readonly profile: Profile
  readonly figures: readonly Figure[]
  /** In how many turns: memory is much the same each time. */
  readonly turns: number
}

const starts: readonly Start[] = [
  { profile: 'base', figures: [slow, fast, login], turns: TURNS },
  { profile: 'mam', figures: [archived], turns: TURNS },
  { profile: 'base', figures: [idle], turns: 1 },
]

/** All values of a figure, by the name of the server. */
type Values = Map<string, Map<Figure, number[]>>

async function turn(server: Server, time: number, values: Values): Promise<void> {
  for (const { profile, figures } of starts.filter(({ turns }) => time < turns)) {
    await server.fresh('accounts')
    await server.start(profile)
    await sleep(500)
    for (const figure of figures) {
      const [row] = await generate(figure.test, server, figure.words)
      const own = values.get(server.peer.name)!
      own.set(figure, [...(own.get(figure) ?? []), Number(row?.[figure.field])])
    }
    await server.stop()
  }
}

const least = (numbers: readonly number[]) => Math.min(...numbers)

function print(values: Values, before: string, after: string): void {
  const [old, now] = [values.get(before)!, values.get(after)!]
  console.log(`${'least of each'.padEnd(40)} ${before.padStart(18)} ${after.padStart(18)}  ratio`)
  for (const figure of starts.flatMap(({ figures }) => figures)) {
    const [was, is] = [least(old.get(figure)!), least(now.get(figure)!)]
    const all = [...old.get(figure)!, ...now.get(figure)!].map((value) => value.toFixed(2)).join(' ')
    const columns = [was, is].map((value) => value.toFixed(2).padStart(18)).join(' ')
    console.log(`${figure.name.padEnd(40)} ${columns}  ${(is / was).toFixed(2)}   (${all})`)
  }
}

/** Compares, and prints the table. */
export async function runQuick(revision: string): Promise<void> {
  const [before, here] = [checkOut(revision), copyTree()]
  const servers = [before, here].map(({ folder, commit }, index) => serverOf(meerkat(folder, commit, 18_222 + index)))
  const names = [before.commit, here.commit] as const
  const values: Values = new Map(names.map((name) => [name, new Map()]))
  try {
    for (const server of servers) await populate(server, { users: USERS, storm: 0, contacts: 0 }, 'accounts')
    console.log(`calibration: ${calibrate()} ms`)
    // The second turn runs the other way round: what drifts meets both alike.
    for (let time = 0; time < TURNS; time++) {
      for (const server of time % 2 === 0 ? servers : servers.toReversed()) await turn(server, time, values)
    }
    print(values, ...names)
  } finally {
    for (const server of servers) await server.remove()
    for (const { remove } of [before, here]) remove()
  }
}
