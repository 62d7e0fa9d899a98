/**
 * A network that is cut behind each byte of a session in turn: of those that the client sends, and of those that the server
 * sends. The client comes back and resumes, or begins a new session and sends again what was not acknowledged.
 *
 * A few positions are tried; MEERKAT_CUTS=all tries every one, MEERKAT_CRASH_SEED the same ones again.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freshUser } from '@meerkat/client/testing'
import { Cutter, type Direction } from './crash/cutter.ts'
import { Random, seedOf } from './crash/random.ts'
import { crashable, readArchives } from './crash/run.ts'
import { play, type Players } from './crash/script.ts'
import { Resident } from './crash/receivers.ts'
import { type Person } from './crash/senders.ts'
import { verdict } from './crash/verdict.ts'
import { World } from './crash/world.ts'
import { startServer } from './harness.ts'

/** How many positions are tried in each way when not all are. */
const SAMPLES = 25
/** A test tries so many positions at most. */
const AT_ONCE = 250

const server = await startServer(crashable)
const seed = seedOf('MEERKAT_CRASH_SEED')
const random = new Random(seed)

/** A world with the people of the script in it. */
async function cast(): Promise<{ world: World; players: Players; people: readonly Person[] }> {
  const names = ['anna', 'rosa', 'vera']
  const people = await Promise.all(names.map(async (name) => ({ name, user: await freshUser(server, name) })))
  const world = new World(server)
  const [sender, ...recipients] = people
  return { world, people, players: { server, sender: sender!, recipients, ledger: world.ledger } }
}

/** Cuts the session at each of these positions. */
async function cutAt(positions: readonly number[], direction: Direction, resumes: boolean): Promise<void> {
  const { world, players, people } = await cast()
  const [rosa, vera] = players.recipients
  const there = new Resident(world, rosa!, random.fork())
  const away = new Resident(world, vera!, random.fork())
  const staying = there.run()
  await world.until(
    () => world.ledger.events > 0,
    () => 'rosa does not come',
  )
  for (const position of positions) {
    const cutter = await Cutter.open(server.at('main').port, direction, position)
    try {
      await play(players, cutter, resumes)
    } catch (error) {
      throw new Error(`cut behind ${position} bytes of the ${direction}`, { cause: error })
    } finally {
      await cutter.close()
    }
  }
  const coming = away.run()
  await world.until(
    () => there.missing.length + away.missing.length === 0,
    () => `These do not come: ${[...there.missing, ...away.missing].join(', ')}`,
  )
  world.end()
  await Promise.all([staying, coming])
  const archives = await readArchives(world, new Map(people.map(({ name, user }) => [name, user])))
  assert.deepEqual(verdict(world.ledger, archives), [])
}

/** How many bytes each side sends in a session that is not cut. */
async function measure(): Promise<Cutter['bytes']> {
  const { players } = await cast()
  const cutter = await Cutter.open(server.at('main').port, 'client', Infinity)
  await play(players, cutter, true)
  await cutter.close()
  return cutter.bytes
}

const bytes = await measure()

for (const direction of ['client', 'server'] as const)
  for (const resumes of [true, false]) {
    const all = Array.from({ length: bytes[direction] }, (_, position) => position)
    const chosen = process.env['MEERKAT_CUTS'] === 'all' ? all : Array.from({ length: SAMPLES }, () => random.pick(all))
    for (let done = 0; done < chosen.length; done += AT_ONCE) {
      const positions = chosen.slice(done, done + AT_ONCE)
      const way = resumes ? 'the client resumes' : 'the client sends again'
      test(`XEP-0198 §5: cut behind ${positions.length} of ${all.length} bytes of the ${direction}, ${way} (seed ${seed})`, () =>
        cutAt(positions, direction, resumes))
    }
  }
