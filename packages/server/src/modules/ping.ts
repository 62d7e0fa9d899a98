/** XEP-0199: XMPP Ping. */
import { Iq, Ping, StanzaError, StreamError, result } from '@meerkat/protocol'
import {
  type Host,
  type Session,
  type Timer,
  defineModule,
  flag,
  iqGet,
  iqdiscOf,
  oneOf,
  seconds,
  sessionActive,
  sessionArrived,
  sessionClosed,
  sessionLeft,
  sessionOpened,
  sessionSlot,
  xep,
} from '../core/module.ts'

interface Watch {
  timer: Timer | undefined
  /** When the client was last heard of, in milliseconds of the monotonic clock. */
  heard: number
}

const watchSlot = sessionSlot((): Watch => ({ timer: undefined, heard: 0 }))

export default defineModule({
  key: 'mod_ping',
  summary: 'Answers pings, and can ping clients that have gone silent.',
  specs: [xep(199, '2.0.1')],
  config: {
    send_pings: flag(false, 'Ping clients that have been silent for `ping_interval`.'),
    ping_interval: seconds(60, 'How long a client may be silent.'),
    timeout_action: oneOf(['none', 'kill'], 'none', 'What happens to a client that does not answer.'),
    ping_req_timeout: seconds(32, 'How long a client has to answer.'),
    iqdisc: iqdiscOf('no_queue'),
  },

  start(host, config) {
    const answering = { features: [Ping.ns], accountFeatures: [Ping.ns], iq: [iqGet(Ping, (iq) => result(iq))] }
    if (!config.send_pings) return answering

    showFigures(host)
    const pinger = new Pinger(host, config.ping_interval, async (session) => {
      const silent = await isSilent(host, session, config.ping_req_timeout)
      if (silent && config.timeout_action === 'kill') session.connection.close(new StreamError('connection-timeout'))
    })
    for (const { local } of host.directory.all()) if (local?.hostType === host.type) pinger.watch(local)
    return {
      ...answering,
      hooks: [
        sessionOpened.on((session) => pinger.watch(session)),
        sessionActive.on((session) => pinger.heard(session)),
        sessionClosed.on((session) => pinger.forget(session)),
        sessionArrived.on((session) => pinger.watch(session)),
        sessionLeft.on((session) => pinger.forget(session)),
      ],
      stop: () => pinger.stop(),
    }
  },
})

/** The names are there from the start, at 0. */
function showFigures({ metrics }: Host): void {
  metrics.counter('mod_ping_response')
  metrics.counter('mod_ping_response_timeout')
  metrics.histogram('mod_ping_response')
}

/** An error also proves life: only silence does not. */
async function isSilent(host: Host, session: Session, limit: number): Promise<boolean> {
  const began = host.clock.monotonic()
  const silent = await host.request(session, Iq({ type: 'get' }, Ping()), limit).then(
    () => false,
    (error: unknown) => error instanceof StanzaError && error.condition === 'remote-server-timeout',
  )
  if (silent) {
    host.metrics.counter('mod_ping_response_timeout').value++
    return !session.closed
  }
  host.metrics.counter('mod_ping_response').value++
  host.metrics.histogram('mod_ping_response').observe((host.clock.monotonic() - began) * 1000)
  return false
}

/** Calls for a check of each session that has been silent for the interval. What a client sends costs one assignment, no timer. */
class Pinger {
  readonly #host: Host
  readonly #interval: number
  readonly #check: (session: Session) => Promise<void>
  readonly #watched = new Set<Session>()

  constructor(host: Host, interval: number, check: (session: Session) => Promise<void>) {
    this.#host = host
    this.#interval = interval
    this.#check = check
  }

  watch(session: Session): void {
    this.#watched.add(session)
    this.heard(session)
    this.#wait(session, this.#interval)
  }

  heard(session: Session): void {
    session.slot(watchSlot).heard = this.#host.clock.monotonic()
  }

  forget(session: Session): void {
    this.#watched.delete(session)
    session.peek(watchSlot)?.timer?.cancel()
  }

  stop(): void {
    for (const session of this.#watched) this.forget(session)
  }

  #wait(session: Session, duration: number): void {
    session.slot(watchSlot).timer = this.#host.after(duration, () => void this.#due(session))
  }

  async #due(session: Session): Promise<void> {
    const silence = (this.#host.clock.monotonic() - session.slot(watchSlot).heard) / 1000
    if (silence < this.#interval) return this.#wait(session, this.#interval - silence)
    await this.#check(session)
    if (this.#watched.has(session) && !session.closed) this.#wait(session, this.#interval)
  }
}
