/** A run: senders and receivers, a server that is killed under them, and what is found in the archives afterwards. */
import { type TestUser, freshUser } from '@meerkat/client/testing'
import { setTimeout as passed } from 'node:timers/promises'
import { type Server, type ServerOptions } from '../harness.ts'
import { type Archives, verdict } from './verdict.ts'
import { ArchiveReader, type Found } from './archive.ts'
import { Device } from './device.ts'
import { Random } from './random.ts'
import { Resident, Traveller, Visitor } from './receivers.ts'
import { ApiSender, type Person, StreamSender } from './senders.ts'
import { World } from './world.ts'

/** The most that happens between two crashes, as the clients see it. */
const EVENTS = 300
/** A moment is so many milliseconds long at most: between what clients see, too, the server may be killed. */
const MOMENT_MS = 8

/** A server for a run: what it is sent is kept, in archives and for those who are away. */
export const crashable: ServerOptions = {
  listeners: { main: { tls: 'none' } },
  access: 'max_user_offline_messages = [{ acl = "all", value = "infinity" }]',
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_ping]
[modules.mod_offline]
[modules.mod_mam.pm]
[modules.mod_stream_management]
buffer_max = 1000`,
}

/** What a run was like. */
export interface Outcome {
  /** What is wrong; see `verdict`. */
  readonly problems: readonly string[]
  /** The texts of the acknowledged messages. */
  readonly acknowledged: ReadonlySet<string>
  /** The users by the names in the texts. */
  readonly users: ReadonlyMap<string, TestUser>
  /** What happened, for people. */
  readonly summary: string
}

/** Kills the server `crashes` times at moments that the seed determines as far as they can be. */
export async function run(server: Server, seed: number, crashes: number): Promise<Outcome> {
  const random = new Random(seed)
  const world = new World(server)
  const cast = await castOf(server)
  const people = (...names: readonly string[]): Person[] => names.map((name) => ({ name, user: cast.get(name)! }))
  const audience = people('rosa', 'otto', 'vera')
  const [anna, ben, clerk] = people('anna', 'ben', 'clerk')
  const senders = [
    new StreamSender(world, anna!, audience, random.fork()),
    new StreamSender(world, ben!, audience, random.fork()),
    new ApiSender(world, clerk!, audience, random.fork()),
  ] as const
  const [rosa, otto, vera] = audience
  const visitor = new Visitor(world, vera!, random.fork())
  const traveller = new Traveller(world, otto!, random.fork())
  const receivers = [new Resident(world, rosa!, random.fork()), traveller, visitor]
  const everybody = Promise.all([...senders, ...receivers].map((actor) => actor.run()))
  try {
    for (let crash = 0; crash < crashes; crash++) await crashSoon(world, random)
    world.closing = true
    world.ledger.happened()
    await world.until(
      () => senders.every(({ quiet }) => quiet) && receivers.every(({ missing }) => missing.length === 0),
      () => `Something does not come: ${receivers.flatMap(({ missing }) => missing).join(', ') || 'acknowledgements'}`,
    )
  } finally {
    world.end()
    await everybody
  }
  const { ledger } = world
  const archives = await readArchives(world, cast)
  return {
    problems: verdict(ledger, archives),
    acknowledged: ledger.acknowledged,
    users: cast,
    summary:
      `${crashes} crashes, ${[...ledger.sent.values()].reduce((sum, n) => sum + n, 0)} messages, ` +
      `${ledger.acknowledged.size} acknowledged, ${visitor.visits} visits, ` +
      `${senders[0].resumed + senders[1].resumed + traveller.resumed} sessions resumed`,
  }
}

async function castOf(server: Server): Promise<Map<string, TestUser>> {
  const names = ['anna', 'ben', 'clerk', 'rosa', 'otto', 'vera']
  return new Map(await Promise.all(names.map(async (name) => [name, await freshUser(server, name)] as const)))
}

async function crashSoon(world: World, random: Random): Promise<void> {
  const { ledger } = world
  const enough = ledger.events + random.below(EVENTS)
  await world.until(
    () => ledger.events >= enough,
    () => 'Nothing happens any more.',
  )
  await passed(random.below(MOMENT_MS))
  await world.crash(random)
}

/** Reads everything in the archives of these users, by the names in the texts. */
export async function readArchives(world: World, users: ReadonlyMap<string, TestUser>): Promise<Archives> {
  const archives = new Map<string, Found>()
  for (const [name, user] of users) {
    const device = new Device({ managed: false, received: (message) => void reader.take(message) })
    const reader = new ArchiveReader(device)
    await device.connect(world.options(user, 'reader'))
    archives.set(name, await reader.read())
    await device.client.close()
  }
  return archives
}
