/** XEP-0352 1.0.0: what a client gets while nobody looks at it. */
import { ClientState, CsiActive, CsiInactive } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import {
  Gate,
  type Handing,
  type Held,
  type Host,
  type Session,
  defineModule,
  integerOrInfinity,
  nonza,
  sessionKept,
  sessionSlot,
  streamFeatures,
  userSend,
  xep,
} from '../core/module.ts'

export default defineModule({
  key: 'mod_csi',
  summary: 'Spares clients that nobody looks at.',
  specs: [xep(352, '1.0.0')],
  config: {
    buffer_max: integerOrInfinity(20, 'How many stanzas are held back from an inactive client; one more sends all.'),
  },

  start(host, config) {
    const active = host.metrics.counter('mod_csi_active')
    const inactive = host.metrics.counter('mod_csi_inactive')
    for (const { local } of host.directory.all()) {
      const gate = local?.hostType === host.type ? gateOf(local) : undefined
      if (gate !== undefined) gate.limit = config.buffer_max
    }
    return {
      hooks: [
        streamFeatures.on((features) => [...features, ClientState()]),
        nonza.on((session, element) => {
          if (CsiInactive.is(element)) {
            inactive.value++
            rest(host, session, config.buffer_max)
          } else if (CsiActive.is(element)) {
            active.value++
            gateOf(session)?.open()
          } else return undefined
          return true
        }),
        // The client is awake to send: it gets what waits before any answer.
        userSend.on(({ session }) => (session === undefined ? undefined : gateOf(session)?.flush()), 'early'),
        // §5.2: a stream that is resumed is active.
        sessionKept.on((session) => gateOf(session)?.open()),
      ],
      stop() {
        for (const { local } of host.directory.all()) if (local?.hostType === host.type) gateOf(local)?.open()
      },
    }
  },
})

const gateSlot = sessionSlot(() => ({ gate: undefined as RestGate | undefined }))
const gateOf = (session: Session): RestGate | undefined => session.peek(gateSlot)?.gate

function rest(host: Host, session: Session, limit: number): void {
  const slot = session.slot(gateSlot)
  if (slot.gate === undefined) session.addGate((slot.gate = new RestGate(host, session, limit)), 'early')
  slot.gate.resting = true
}

/** Holds messages and presence back while the client rests. */
class RestGate extends Gate {
  resting = false
  limit: number
  readonly #host: Host
  readonly #session: Session
  readonly #held: Held[] = []

  constructor(host: Host, session: Session, limit: number) {
    super()
    this.#host = host
    this.#session = session
    this.limit = limit
  }

  pass(stanza: Element, at?: number, handing?: Handing): void {
    if (!this.resting) return this.onward(stanza, at, handing)
    // Somebody waits for requests and answers; they do not overtake what came before.
    if (stanza.name === 'iq') {
      this.flush()
      return this.onward(stanza, at, handing)
    }
    this.#supersede(stanza)
    this.#held.push({ stanza, at: at ?? this.#host.clock.micros(), handing })
    if (this.#held.length > this.limit) this.flush()
  }

  held(): readonly Held[] {
    return this.#held
  }

  /** Lets everything through from now on. */
  open(): void {
    this.resting = false
    this.flush()
  }

  /** Lets through what is held. */
  flush(): undefined {
    this.letThrough(this.#session, this.#held)
  }

  /** §3.2: of the presence of a contact only the latest is of interest. */
  #supersede(stanza: Element): void {
    if (!isAvailability(stanza)) return
    const from = stanza.attr('from')
    const earlier = this.#held.findIndex((held) => isAvailability(held.stanza) && held.stanza.attr('from') === from)
    if (earlier >= 0) this.#held.splice(earlier, 1)
  }
}

/** Presence of a contact. What a room says with presence (XEP-0045 §7.2) is more than that. */
function isAvailability(stanza: Element): boolean {
  if (stanza.name !== 'presence') return false
  const type = stanza.attr('type')
  if (type !== undefined && type !== 'unavailable') return false
  return !stanza.elements().some(({ ns }) => ns.startsWith('http://jabber.org/protocol/muc'))
}
