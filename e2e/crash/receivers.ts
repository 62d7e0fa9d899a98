/** Those who receive: who stays, who loses the connection and resumes, and who is away and comes for a visit. */
import { Body, Delay, Presence, stanzaIdBy } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { ArchiveReader } from './archive.ts'
import { Device } from './device.ts'
import { read } from './ledger.ts'
import { type Random } from './random.ts'
import { type Person } from './senders.ts'
import { type World } from './world.ts'

/** One message in so many is followed by a lost connection. */
const CUTS = 50

/** Sessions of all receivers, numbered through. */
let sessions = 0

/** What receivers have in common. */
abstract class Receiver {
  protected readonly world: World
  protected readonly me: Person
  protected readonly random: Random
  protected readonly device: Device
  readonly #reader: ArchiveReader
  #session = 0
  /** The end of what was read of the archive. */
  #mark: string | undefined

  constructor(world: World, me: Person, random: Random, managed: boolean) {
    this.world = world
    this.me = me
    this.random = random
    this.device = new Device({ managed, received: (message) => void this.received(message) })
    this.#reader = new ArchiveReader(this.device)
  }

  /** What has not come yet of what it was sent. */
  get missing(): readonly string[] {
    return this.world.ledger.missing(this.me.name)
  }

  abstract run(): Promise<void>

  /** Notes a message; false when it is only one of the archive's results. */
  protected received(message: Element): boolean {
    if (this.#reader.take(message)) return false
    const { ledger } = this.world
    const id = stanzaIdBy(message, this.me.user.jid.toString()) ?? ''
    const delayed = Delay.in(message) !== undefined
    ledger.see(this.me.name, { body: text(Body.in(message)), id, way: 'stream', session: this.#session, delayed })
    return true
  }

  /** Connects and, in a new session, becomes available. True when the session goes on. */
  protected async enter(): Promise<boolean> {
    // What comes in a new session comes behind its presence.
    const before = this.#session
    const resumed = await this.device.connect(this.world.options(this.me.user, 'tablet'))
    this.#session = resumed ? before : ++sessions
    if (!resumed) this.device.send(Presence())
    this.world.ledger.happened()
    return resumed
  }

  /** Reads what the archive has gained since this was done last. */
  protected async catchUp(): Promise<void> {
    const { messages } = await this.#reader.read(this.#mark)
    this.#mark = messages.at(-1)?.id ?? this.#mark
    const { ledger } = this.world
    for (const { id, body } of messages)
      ledger.see(this.me.name, { body, id, way: 'archive', session: 0, delayed: false })
  }
}

/** Stays connected, without stream management; after each loss it looks into the archive. */
export class Resident extends Receiver {
  constructor(world: World, me: Person, random: Random) {
    super(world, me, random, false)
  }

  run(): Promise<void> {
    return this.world.endure(async () => {
      await this.enter()
      await this.catchUp()
      await this.world.stay(this.device.client)
    })
  }
}

/** Loses its connection again and again, and resumes: only when the session was lost, too, it looks into the archive. */
export class Traveller extends Receiver {
  #era = -1
  #caughtUp = false
  #excused = false
  /** How many connections went on with a session. */
  resumed = 0

  constructor(world: World, me: Person, random: Random) {
    super(world, me, random, true)
  }

  run(): Promise<void> {
    return this.world.endure(() => this.#live(), { excused: () => this.#excused })
  }

  protected override received(message: Element): boolean {
    const fresh = super.received(message)
    if (fresh && this.random.once(CUTS)) {
      this.#excused = true
      this.device.cut()
    }
    return fresh
  }

  async #live(): Promise<void> {
    this.#excused = false
    const { era } = this.world
    const resumed = await this.enter()
    if (resumed !== (era === this.#era)) throw new Error(`A session ${resumed ? 'survived kill -9' : 'was lost'}.`)
    this.#era = era
    if (resumed) this.resumed++
    else this.#caughtUp = false
    if (!this.#caughtUp) await this.catchUp()
    this.#caughtUp = true
    await this.world.stay(this.device.client)
  }
}

/**
 * Is away, and comes for what was kept. It looks into the archive only when the visit before was broken off, or when the
 * server was killed after that visit and something of that time is missing: what a leaving device had not got was on its way
 * into storage.
 */
export class Visitor extends Receiver {
  #broken = false
  /** When the last visit ended, and how many messages of each conversation had been sent by then. */
  #left = { era: 0, sent: new Map<string, number>() }
  /** How many visits went well. */
  visits = 0

  constructor(world: World, me: Person, random: Random) {
    super(world, me, random, false)
  }

  run(): Promise<void> {
    const { world } = this
    const { ledger } = world
    let next = 0
    const visit = (): Promise<void> => {
      next = ledger.events + 20 + this.random.below(60)
      return this.#visit([...ledger.acknowledged])
    }
    return world.endure(visit, {
      due: () => (world.closing ? this.missing.length > 0 : ledger.events >= next),
    })
  }

  /** Stays until everything has come that was acknowledged before. */
  async #visit(acknowledged: readonly string[]): Promise<void> {
    const { ledger } = this.world
    const doubtful = this.#broken || this.#mayHaveLost()
    this.#broken = true
    await this.enter()
    if (doubtful) await this.catchUp()
    const { client } = this.device
    // Who is killed right behind the last word has stored nothing yet of what was on its way to this device.
    const { era } = this.world
    void client.closed.then(() => ledger.happened())
    const missing = (): readonly string[] => ledger.missing(this.me.name, acknowledged)
    await this.world.until(
      () => client.ended !== undefined || missing().length === 0,
      () => `${this.me.name} was not sent ${missing().join(', ')}`,
    )
    const { clean } = await client.close()
    if (!clean) throw new Error('The connection was lost.')
    this.#left = { era, sent: new Map(ledger.sent) }
    this.#broken = false
    this.visits++
  }

  #mayHaveLost(): boolean {
    const { era, sent } = this.#left
    const isOld = (body: string): boolean => read(body).n <= (sent.get(read(body).conversation) ?? 0)
    return era !== this.world.era && this.missing.some(isOld)
  }
}
