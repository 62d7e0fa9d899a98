/** The session that is cut: a login, a change of the roster, messages to someone who is there and to someone who is away. */
import { optionsFor } from '@meerkat/client/testing'
import { Body, Iq, Message, RosterItem, RosterQuery, buildRosterSet, makeJid } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { type Server } from '../harness.ts'
import { type Cutter } from './cutter.ts'
import { Device } from './device.ts'
import { type Ledger } from './ledger.ts'
import { chat, type Person } from './senders.ts'

/** Messages of a session. */
const MESSAGES = 6
/** Who is put into the roster. */
const CONTACT = makeJid('contact', 'localhost')

/** Who plays in the script. */
export interface Players {
  readonly server: Server
  readonly sender: Person
  readonly recipients: readonly Person[]
  readonly ledger: Ledger
}

/**
 * Plays the script over a network that is cut, and to its end over one that is not; `resumes` says whether the client then
 * goes on with its session, or begins a new one as after a restart of its own.
 */
export async function play(players: Players, cutter: Cutter, resumes: boolean): Promise<void> {
  const { sender, server } = players
  const options = optionsFor(server.at('main'), sender.user, { resource: 'phone' })
  const script = new Script(players)
  try {
    await script.device.connect({ ...options, port: cutter.port })
    await script.act()
  } catch (error) {
    if (!cutter.cut) throw error
    // The connection is lost by now, or is about to be.
    await cutter.close()
    if (!resumes) script.device.forget()
    await script.device.connect(options)
    await script.act()
  }
  await script.device.client.close()
}

class Script {
  readonly device: Device
  readonly #players: Players
  readonly #label = crypto.randomUUID()
  readonly #allAcknowledged = Promise.withResolvers<void>()
  #sent = false
  #open = MESSAGES

  constructor(players: Players) {
    this.#players = players
    this.device = new Device({
      managed: true,
      acknowledged: (stanza) => {
        if (!Message.is(stanza)) return
        players.ledger.acknowledge(text(Body.in(stanza)))
        if (--this.#open === 0) this.#allAcknowledged.resolve()
      },
    })
  }

  /** Begins, or goes on where the network was cut. Rejects when the connection is lost. */
  async act(): Promise<void> {
    const lost = this.device.client.closed.then(() => {
      throw new Error('The connection was lost.')
    })
    await Promise.race([this.#changeRoster(), lost])
    if (!this.#sent) this.#send()
    this.device.request()
    await Promise.race([this.#allAcknowledged.promise, lost])
    await Promise.race([this.#checkRoster(), lost])
  }

  async #changeRoster(): Promise<void> {
    const change = buildRosterSet({ jid: CONTACT, name: this.#label })
    await this.device.ask(Iq({ type: 'set' }, change))
  }

  /** What was acknowledged is there. */
  async #checkRoster(): Promise<void> {
    const roster = await this.device.ask(Iq({ type: 'get' }, RosterQuery()))
    const names = RosterItem.all(RosterQuery.in(roster)!).map((item) => item.attr('name'))
    if (names.join() !== this.#label) throw new Error(`The roster has ${names.join()} instead of ${this.#label}.`)
  }

  #send(): void {
    this.#sent = true
    const { ledger, recipients, sender } = this.#players
    for (let n = 0; n < MESSAGES; n++) {
      const to = recipients[n % recipients.length]!
      this.device.send(chat(to.user, ledger.next(sender.name, to.name)))
    }
  }
}
