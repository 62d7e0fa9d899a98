/** Accounts: who exists and with which credentials, whatever methods keep them. */
import { type Jid, StanzaError } from '@meerkat/protocol'
import type { ScramHash, ScramKeys } from '@meerkat/protocol/sasl'
import { AuthCounters } from './counters.ts'
import type { Write } from './database.ts'
import { fold, notify } from './hooks.ts'
import type { Histogram } from './metrics.ts'

/** Fired when an account goes; what listeners add to the writes goes with it, in one unit. */
export const accountRemoved = fold<readonly Write[], [user: Jid]>('account removed')
/** Fired when an account was made. */
export const accountRegistered = notify<[user: Jid]>('account registered')

/** Credentials from which a client can prove that it knows the password. */
export interface Credentials {
  /** The keys for SCRAM with this hash; undefined when the account has none. */
  scram(hash: ScramHash): ScramKeys | undefined | Promise<ScramKeys | undefined>
}

/** Why an account could not be made or changed. */
export type AccountProblem = 'exists' | 'not_found' | 'limit_per_domain_exceeded' | 'not_allowed' | 'invalid_password'

/** An account could not be made or changed. */
export class AccountError extends Error {
  override readonly name = 'AccountError'
  readonly problem: AccountProblem

  constructor(problem: AccountProblem, message: string) {
    super(message)
    this.problem = problem
  }
}

/** One way of keeping accounts: a section `[auth.NAME]` of the configuration. Users are bare JIDs. */
export interface AuthMethod {
  readonly name: string
  /** The SASL mechanisms that this method can serve, by their names on the wire without `-PLUS`. */
  readonly mechanisms: readonly string[]
  exists(user: Jid): boolean | Promise<boolean>
  /** What SCRAM needs; undefined when there is no such account here or only the method itself can check a password. */
  credentials(user: Jid): Promise<Credentials | undefined>
  checkPassword(user: Jid, password: string): Promise<boolean>
  /** Makes an account; throws AccountError. */
  register(user: Jid, password: string): Promise<void>
  /** Changes a password; throws AccountError. */
  setPassword(user: Jid, password: string): Promise<void>
  /** Removes an account together with `others`, what the rest of the server keeps of it. False when there is no such account here. */
  remove(user: Jid, others: readonly Write[]): Promise<boolean>
  /** Usernames of a domain in order, from `index`. */
  list(domain: string, options: { limit?: number; index?: number }): Promise<string[]>
  count(domain: string): Promise<number>
}

/** The accounts of a host type: its methods, asked one after another. */
export class Accounts {
  readonly methods: readonly AuthMethod[]
  readonly counters: AuthCounters

  constructor(methods: readonly AuthMethod[], counters = new AuthCounters()) {
    this.methods = methods
    this.counters = counters
  }

  /** The same accounts, asked only through the named methods; all of them when `names` is undefined. */
  only(names: readonly string[] | undefined): Accounts {
    if (names === undefined) return this
    const methods = this.methods.filter((method) => names.includes(method.name))
    return new Accounts(methods, this.counters)
  }

  /** Whether some method has the account. Synchronous when the answer is at hand. */
  exists(user: Jid): boolean | Promise<boolean> {
    const answer = this.#exists(user, 0)
    if (answer instanceof Promise) return timed(this.counters.doesUserExist, answer)
    this.counters.doesUserExist.observe(0)
    return answer
  }

  #exists(user: Jid, from: number): boolean | Promise<boolean> {
    for (let i = from; i < this.methods.length; i++) {
      const found = this.methods[i]!.exists(user)
      if (found === true) return true
      if (found !== false) return found.then((yes) => yes || this.#exists(user, i + 1))
    }
    return false
  }

  /** The mechanisms that some method can serve. */
  mechanisms(): Set<string> {
    return new Set(this.methods.flatMap((method) => method.mechanisms))
  }

  /** The first method's credentials for the account. */
  async credentials(user: Jid): Promise<Credentials | undefined> {
    for (const method of this.methods) {
      const found = await method.credentials(user)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Whether some method accepts the password. */
  checkPassword(user: Jid, password: string): Promise<boolean> {
    return timed(this.counters.checkPassword, this.#checkPassword(user, password))
  }

  async #checkPassword(user: Jid, password: string): Promise<boolean> {
    for (const method of this.methods) if (await method.checkPassword(user, password)) return true
    return false
  }

  /** Makes an account with the first method that can. */
  async register(user: Jid, password: string): Promise<void> {
    if (password === '') throw new AccountError('invalid_password', 'Empty password')
    if (await this.exists(user))
      throw new AccountError('exists', `User ${user} already registered, so it can't be registered again`)
    await timed(this.counters.tryRegister, this.#first().register(user, password))
    this.counters.registered++
  }

  /** Changes the password where the account is. */
  async setPassword(user: Jid, password: string): Promise<void> {
    if (password === '') throw new AccountError('invalid_password', 'Empty password')
    for (const method of this.methods) if (await method.exists(user)) return method.setPassword(user, password)
    throw new AccountError('not_found', `User ${user} does not exist`)
  }

  /** Removes the account and `others` in one unit; false when no method has it. */
  async remove(user: Jid, others: readonly Write[]): Promise<boolean> {
    for (const method of this.methods)
      if (await method.remove(user, others)) {
        this.counters.unregistered++
        return true
      }
    return false
  }

  #first(): AuthMethod {
    const method = this.methods[0]
    if (method === undefined) throw new StanzaError('cancel', 'not-allowed', 'No authentication method is configured')
    return method
  }
}

/** Measures how long work takes, whatever its end. */
function timed<T>(histogram: Histogram, work: Promise<T>): Promise<T> {
  const began = performance.now()
  return work.finally(() => histogram.observe((performance.now() - began) * 1000))
}
