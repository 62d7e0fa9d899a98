/** Stories: fresh users with their devices, what happens among them, and a check that nothing was left over. */
import { AssertionError } from 'node:assert/strict'
import { type Client } from '../client.ts'
import { printInstead } from '../describe.ts'
import { type ClientOptions } from '../options.ts'
import { announce, befriend } from './contacts.ts'
import { connectDevice, freshUser, removeUser, type TestServer, type TestUser } from './server.ts'

/** How many devices each user has. */
export type Cast = Readonly<Record<string, number>>

/** What follows the name in the name of a device: the first has the user's name, the others a number from 2 on. */
interface Suffix {
  1: ''
  2: '' | '2'
  3: '' | '2' | '3'
  4: '' | '2' | '3' | '4'
  5: '' | '2' | '3' | '4' | '5'
}

type SuffixOf<Count> = Count extends keyof Suffix ? Suffix[Count] : string

/** The devices of a story: `{ alice: 2, bob: 1 }` has `alice`, `alice2` and `bob`. */
export type Devices<C extends Cast> = {
  readonly [Name in keyof C & string as `${Name}${SuffixOf<C[Name]>}`]: Client
}

/** What a story needs before it begins. */
export interface StoryOptions<C extends Cast> {
  readonly server: TestServer
  /** The users and how many devices each has; up to five by name, more by `devices['alice6']`. */
  readonly users: C
  /** Whether everybody sees everybody's presence and has everybody in the roster; false unless given. */
  readonly friends?: boolean | undefined
  /** Whether the devices send initial presence, and what that brings is received; true unless given. */
  readonly presence?: boolean | undefined
  /** Whether a stanza that nobody expected fails the story; false unless given. */
  readonly nothingLeft?: boolean | undefined
  /** Options for every device. */
  readonly client?: Partial<ClientOptions> | undefined
}

/** The part of a test's context that a story uses; that of `node:test` fits. */
export interface StoryTest {
  diagnostic(message: string): void
}

/**
 * Creates users nobody has heard of, connects their devices, and tells the story. Afterwards the devices are closed and
 * the users deleted. When the story fails, what each device sent and received goes to `t.diagnostic`.
 */
export async function story<const C extends Cast>(
  t: StoryTest,
  options: StoryOptions<C>,
  tell: (devices: Devices<C>) => Promise<void> | void,
): Promise<void> {
  const stage = new Stage(options)
  try {
    await stage.prepare()
    await tell(stage.devices as Devices<C>)
    if (options.nothingLeft === true) await stage.nothingLeft()
  } catch (error) {
    stage.report(t)
    await stage.abandon()
    throw error
  }
  await stage.leave()
}

/** A device and whose it is. */
interface Actor {
  readonly name: string
  readonly user: TestUser
  readonly device: Client
}

class Stage {
  readonly #options: StoryOptions<Cast>
  readonly #users: TestUser[] = []
  readonly #actors: Actor[] = []

  constructor(options: StoryOptions<Cast>) {
    if (options.friends === true && options.presence === false) {
      throw new TypeError('Friends make friends by presence: `friends` needs `presence`.')
    }
    this.#options = options
  }

  get devices(): Readonly<Record<string, Client>> {
    return Object.fromEntries(this.#actors.map(({ name, device }) => [name, device]))
  }

  async prepare(): Promise<void> {
    for (const [name, count] of Object.entries(this.#options.users)) await this.#enter(name, count)
    if (this.#options.presence === false) return
    await this.#appear()
    for (const { device } of this.#actors) await device.barrier()
    for (const { device } of this.#actors) device.drop()
  }

  /** What has reached the server is worked off by the first round; what that sends to others has come after the second. */
  async nothingLeft(): Promise<void> {
    const present = this.#actors.filter(({ device }) => device.ended === undefined)
    for (const { device } of present) await device.barrier()
    for (const { name, device } of present) {
      const left = await device.barrier()
      if (left.length === 0) continue
      throw new AssertionError({ message: `${name} expected nothing more; ${printInstead(left)}`, operator: 'story' })
    }
  }

  report(t: StoryTest): void {
    for (const { name, device } of this.#actors) {
      t.diagnostic(`${name} is ${device.jid}:\n  ${device.history.join('\n  ')}`)
    }
  }

  /** Ends every stream properly and deletes the users. */
  async leave(): Promise<void> {
    try {
      for (const { device } of this.#actors) await device.close()
    } finally {
      await this.#destroy()
    }
    for (const user of this.#users) await removeUser(this.#options.server, user)
  }

  /** The same without hope: the story has failed, and nothing that fails here may hide why. */
  async abandon(): Promise<void> {
    await this.#destroy()
    for (const user of this.#users) await removeUser(this.#options.server, user).catch(() => {})
  }

  async #enter(name: string, count: number): Promise<void> {
    const { server, client } = this.#options
    const user = await freshUser(server, name)
    this.#users.push(user)
    for (let i = 1; i <= count; i++) {
      const device = await connectDevice(server, user, { resource: `device${i}`, ...client })
      this.#actors.push({ name: i === 1 ? name : `${name}${i}`, user, device })
    }
  }

  /** Each step waits for everything that it brings, so that none of it comes later and is taken for a part of the story. */
  async #appear(): Promise<void> {
    const first = this.#actors.filter(({ user }, i, all) => all.findIndex((actor) => actor.user === user) === i)
    for (const { device } of first) await announce(device, [])
    if (this.#options.friends === true) {
      for (const [i, one] of first.entries()) {
        for (const other of first.slice(i + 1)) await befriend(one.device, other.device)
      }
    }
    const online = [...first]
    for (const actor of this.#actors.filter((candidate) => !first.includes(candidate))) {
      const related = online.filter(({ user }) => this.#options.friends === true || user === actor.user)
      await announce(
        actor.device,
        related.map(({ device }) => device),
      )
      online.push(actor)
    }
  }

  async #destroy(): Promise<void> {
    for (const { device } of this.#actors) device.destroy()
    await Promise.all(this.#actors.map(({ device }) => device.closed))
  }
}
