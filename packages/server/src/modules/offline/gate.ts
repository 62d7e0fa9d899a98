/** Holds back what is sent to a device until it has what was sent before. */
import type { Element } from '@meerkat/xml'
import { Gate, type Handing, type Held, type Host, type Session, sessionSlot } from '../../core/module.ts'

/** How many messages wait for a device; when there are more, they no longer wait, and overtake what was kept. */
const MAX_HELD = 1000

const slot = sessionSlot(() => ({ gate: undefined as ServingGate | undefined }))

/** The gate of a session; it is made when it is first needed. */
export function gateOf(host: Host, session: Session): ServingGate {
  const place = session.slot(slot)
  if (place.gate === undefined) session.addGate((place.gate = new ServingGate(host, session)), 'early')
  return place.gate
}

/** The gate of a session that has one. */
export function gateIn(session: Session): ServingGate | undefined {
  return session.peek(slot)?.gate
}

/** Opens the gate of a session that has one. */
export function openGate(session: Session): void {
  gateIn(session)?.open()
}

/** While its device arrives or is served, messages of others wait. */
export class ServingGate extends Gate {
  readonly #host: Host
  readonly #session: Session
  readonly #owner: string
  readonly #held: Held[] = []
  #arriving = false
  #serving = false

  constructor(host: Host, session: Session) {
    super()
    this.#host = host
    this.#session = session
    this.#owner = session.jid.bare.toString()
  }

  pass(stanza: Element, at?: number, handing?: Handing): void {
    const isOpen = !this.#arriving && !this.#serving && this.#held.length === 0
    if (isOpen || !this.#waits(stanza)) return this.onward(stanza, at, handing)
    this.#held.push({ stanza, at: at ?? this.#host.clock.micros(), handing })
    if (this.#held.length > MAX_HELD) this.open()
  }

  held(): readonly Held[] {
    return this.#held
  }

  /** Whether the device takes messages already, and nobody has looked yet what is kept for it. */
  set arriving(arriving: boolean) {
    this.#arriving = arriving
    this.#release()
  }

  /** Whether the device is handed what is kept. */
  set serving(serving: boolean) {
    this.#serving = serving
    this.#release()
  }

  /** Lets everything through. */
  open(): void {
    this.#arriving = false
    this.serving = false
  }

  #release(): void {
    if (this.#arriving || this.#serving) return
    this.letThrough(this.#session, this.#held)
  }

  /** Results of the archive and copies come from the account itself; they stay with the answers that they belong to. */
  #waits(stanza: Element): boolean {
    return stanza.name === 'message' && stanza.attr('from') !== this.#owner
  }
}
