/** Presence: a popular user who comes and goes, and a login storm of users who know each other. */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { settled } from '../../meters/processes.ts'
import { round } from '../../meters/round.ts'
import { openWindow } from '../../meters/window.ts'
import type { Client } from '../client.ts'
import { bind, register } from '../login.ts'
import { countPresence } from '../scanner.ts'
import { type Figures, bothRounds } from '../rounds.ts'
import { type Test, drained, each } from '../test.ts'
import { afterAll } from './archives.ts'

/** Accounts of the storm, and of the popular user (1) with its contacts (2 and up); they are not those of the other tests. */
const STORM = 'r'
export const POPULAR = 'c'
/** Contacts of everybody in the storm. */
const RING = 50

/** Contacts of member `index` of a ring of `size`: the nearest on both sides. */
function neighbours(index: number, size: number): number[] {
  const steps = Array.from({ length: RING / 2 }, (_, step) => step + 1)
  const wrap = (value: number) => ((value - 1 + size) % size) + 1
  return steps.flatMap((step) => [wrap(index + step), wrap(index - step)])
}

const star = (index: number, contacts: number): number[] =>
  index === 1 ? Array.from({ length: contacts }, (_, other) => other + 2) : [1]

/** Registers the popular user and its contacts. */
export async function contacts(test: Test): Promise<void> {
  const count = test.options.number('contacts')
  await befriend(test, POPULAR, count + 1, (index) => star(index, count))
}

/** Registers the accounts of both tests, and makes them contacts of each other. */
export async function rosters(test: Test): Promise<void> {
  const users = test.options.number('users')
  await befriend(test, STORM, users, (index) => neighbours(index, users))
  await contacts(test)
}

async function befriend(
  test: Test,
  prefix: string,
  size: number,
  contactsOf: (index: number) => number[],
): Promise<void> {
  const { domain, number } = test.options
  const atOnce = number('concurrency')
  await each(1, size, atOnce, async (index) => {
    await register(test.client(index, prefix))
  })
  const clients = await test.connect(1, size, prefix, bind)
  // Everybody asks first; an answer to a question that has not come would be ignored.
  for (const type of ['subscribe', 'subscribed']) {
    await each(1, size, atOnce, async (index) => {
      const client = clients[index - 1]!
      const stanzas = contactsOf(index).map((other) => `<presence to='${prefix}${other}@${domain}' type='${type}'/>`)
      client.write(stanzas.join(''))
      await afterAll(client, type)
    })
    await sleep(1000)
  }
  await each(1, size, atOnce, async (index) => {
    const roster = await afterAll(clients[index - 1]!, 'check')
    const mutual = roster.split(/subscription=['"]both['"]/).length - 1
    const wanted = contactsOf(index).length
    if (mutual !== wanted) throw new Error(`${prefix}${index} has ${mutual} contacts instead of ${wanted}`)
  })
  await test.close(clients)
  test.emit({ prefix, size })
}

/** The user who has online contacts, and what they hear. */
class Popular {
  readonly #contacts: number
  readonly #user: Client
  readonly #heard: () => number
  readonly #own: () => number

  constructor(user: Client, contacts: readonly Client[]) {
    const counts = contacts.map((client) => countPresence(client))
    this.#contacts = contacts.length
    this.#user = user
    this.#heard = () => counts.reduce((sum, count) => sum + count(), 0)
    this.#own = countPresence(user)
  }

  /** Becomes available and unavailable so many times, each time until everybody knows. */
  async comeAndGo(times: number): Promise<void> {
    const size = this.#contacts
    const [before, ownBefore] = [this.#heard(), this.#own()]
    for (let time = 1; time <= times; time++) {
      this.#user.write('<presence/>')
      const here = () => this.#heard() >= before + size * (2 * time - 1) && this.#own() - ownBefore >= size * time
      if (!(await soon(here)))
        throw new Error(`round ${time}: ${this.#heard() - before} and ${this.#own() - ownBefore} presences`)
      this.#user.write("<presence type='unavailable'/>")
      if (!(await soon(() => this.#heard() >= before + size * 2 * time))) throw new Error(`round ${time}: not gone`)
    }
  }
}

/** How many times as often the user comes and goes, uncounted, before it counts. */
const PRACTICE = 4

/**
 * A user with `--contacts` online contacts becomes available and unavailable, `--rounds` times. The first ones at a server that has just started stand beside
 * those that count, which come when it has been done for a while.
 */
export async function popular(test: Test): Promise<void> {
  const { number, subjects } = test.options
  const [size, rounds] = [number('contacts'), number('rounds')]
  const others = await test.connect(2, size + 1, POPULAR)
  const [user] = await test.connect(1, 1, POPULAR, bind)
  const popular = new Popular(user!, others)
  const measured = async (): Promise<Figures> => {
    const close = openWindow(subjects)
    await popular.comeAndGo(rounds)
    const spent = close()
    return {
      cpu_ms_per_round: round(spent.server.total / rounds / 1000, 3),
      cpu_us_per_presence: round(spent.server.total / rounds / size / 3, 2),
      ms_per_round: round((spent.seconds * 1000) / rounds, 2),
      ...spent.shares,
    }
  }
  await popular.comeAndGo(Math.ceil(rounds / 5))
  await sleep(500)
  const first = await measured()
  await popular.comeAndGo(PRACTICE * rounds)
  await sleep(500)
  test.emit({ contacts: size, rounds, ...bothRounds(first, await measured()) })
  await test.close([...others, user!])
}

/** Like `until`, for what takes a few milliseconds. */
async function soon(done: () => boolean): Promise<boolean> {
  const end = performance.now() + 20_000
  while (!done() && performance.now() < end) await sleep(1)
  return done()
}

/** `--users` users log in, read their rosters and become available, until everybody knows of everybody; then they leave. */
async function comeAndGo(test: Test): Promise<Figures> {
  const { number, subjects } = test.options
  const users = number('users')
  const counts: (() => number)[] = []
  const close = openWindow(subjects)
  const clients = await test.connect(1, users, STORM, async (client: Client) => {
    await bind(client)
    await afterAll(client, 'roster1')
    counts.push(countPresence(client))
    client.write('<presence/>')
  })
  // A presence of everybody to each of the contacts, and to the user itself; more when two come at the same moment.
  const expected = users * (RING + 1)
  const heard = () => counts.reduce((sum, count) => sum + count(), 0)
  await drained(heard, () => heard() >= expected, 10)
  await drained(heard, () => false, 1)
  const spent = close()
  const figures = {
    presences: heard(),
    complete: heard() >= expected,
    cpu_ms_per_login: round(spent.server.total / users / 1000, 3),
    cpu_us_per_presence: round(spent.server.total / heard(), 2),
    ...spent.shares,
  }
  await test.close(clients)
  await settled(subjects.server, 20)
  return figures
}

/** A login storm at a server that has just started, and another one when all have left: the second one counts. */
export async function storm(test: Test): Promise<void> {
  const users = test.options.number('users')
  await test.close(await test.connect(1, 20, STORM))
  await sleep(1000)
  const first = await comeAndGo(test)
  const second = await comeAndGo(test)
  test.emit({ count: users, roster: RING, expected: users * (RING + 1), ...bothRounds(first, second) })
}
