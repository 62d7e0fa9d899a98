/** S36 at the API: whoever tries passwords there waits for the answers, and is not answered any more when it goes on. */
import type { Jid } from '@meerkat/protocol'
import type { Clock } from '../core/clock.ts'
import { Guesses } from '../core/guesses.ts'
import type { TimerWheel } from '../core/timers.ts'
import { RequestError } from './errors.ts'

/** Failures of one address before it has to wait for them to be forgiven, one every ten seconds. */
const MOST_FAILURES = 100

/** What an endpoint remembers of wrong credentials. It shares nothing with logins over XMPP: the address may be that of a proxy before this alone. */
export class WrongCredentials {
  readonly #guesses: Guesses
  readonly #timers: TimerWheel

  constructor(clock: Clock, timers: TimerWheel) {
    this.#guesses = new Guesses(clock)
    this.#timers = timers
  }

  /**
   * Finds out who calls from `ip`. Rejects as `recognise` throws, later and later for the address and for the account that is tried, and with
   * status 429 after too many failures of the address.
   */
  async recognise<C>(ip: string | undefined, recognise: () => C | Promise<C>, account?: Jid): Promise<C> {
    if (this.#guesses.tooMany(ip, MOST_FAILURES))
      throw new RequestError(429, 'too_many_failures', 'Too many wrong credentials came from this address: try later')
    try {
      const caller = await recognise()
      if (account !== undefined) this.#guesses.succeeded(account)
      return caller
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== 'wrong_credentials') throw error
      const seconds = this.#guesses.failed(ip, account)
      if (seconds > 0) await new Promise<void>((resolve) => void this.#timers.after(seconds, resolve))
      throw error
    }
  }
}
