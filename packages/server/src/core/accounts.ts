/** Accounts: who exists and with which credentials, whatever methods keep them. */
import { type Jid, StanzaError } from '@meerkat/protocol'
import type { ScramHash, ScramKeys } from '@meerkat/protocol/sasl'
import { AuthCounters } from './counters.ts'
import type { Write } from './database.ts'
import { fold, notify } from './hooks.ts'
import type { Histogram } from './metrics.ts'
import { when } from './when.ts'

/** Fired when an account goes; what listeners add to the writes goes with it, in one unit. What may be much goes behind it (see `keeping.ts`). */
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
  /** Forgets what it remembers of an account, which was changed elsewhere. */
  forget?(user: Jid): void
  /** Usernames of a domain in order, from `index`. */
  list(domain: string, options: { limit?: number; index?: number }): Promise<string[]>
  count(domain: string): Promise<number>
}

/** Remembers who exists, so that methods need not be asked. Users are bare JIDs. */
export interface KnownUsers {
  has(user: Jid): boolean
  add(user: Jid): void
  delete(user: Jid): void
}

/** The accounts of a host type: its methods, asked one after another. */
export class Accounts {
  #methods: readonly AuthMethod[]
  readonly counters: AuthCounters
  /** Tells other nodes that an account is another one now; resolves when they know. The kernel sets it. */
  tellOthers: (user: Jid) => void | Promise<void> = () => undefined
  /** Resolves when nothing is left of an earlier account of this name. The kernel sets it. */
  erased: (user: Jid) => Promise<void> = () => Promise.resolve()
  /** A module may put something here. */
  known: KnownUsers | undefined
  /** Counts what was forgotten: who was found before that is not remembered after it. */
  #forgotten = 0

  constructor(methods: readonly AuthMethod[], counters = new AuthCounters()) {
    this.#methods = methods
    this.counters = counters
  }

  /** The methods, in the order in which they are asked. */
  get methods(): readonly AuthMethod[] {
    return this.#methods
  }

  /** Asks other methods from now on. */
  use(methods: readonly AuthMethod[]): void {
    this.#methods = methods
  }

  /** The same accounts, asked only through the named methods; all of them when `names` is undefined. */
  only(names: readonly string[] | undefined): Accounts {
    if (names === undefined) return this
    const methods = this.methods.filter((method) => names.includes(method.name))
    const some = new Accounts(methods, this.counters)
    some.tellOthers = (user) => this.tellOthers(user)
    return some
  }

  /** Whether some method has the account. Synchronous when the answer is at hand. */
  exists(user: Jid): boolean | Promise<boolean> {
    const answer = this.known?.has(user) === true || this.#remembering(user)
    if (answer instanceof Promise) return timed(this.counters.doesUserExist, answer)
    this.counters.doesUserExist.observe(0)
    return answer
  }

  #remembering(user: Jid): boolean | Promise<boolean> {
    const { known } = this
    if (known === undefined) return this.#exists(user, 0)
    const forgotten = this.#forgotten
    return when(this.#exists(user, 0), (found) => {
      if (found && forgotten === this.#forgotten) known.add(user)
      return found
    })
  }

  #forgetKnown(user: Jid): void {
    this.#forgotten++
    this.known?.delete(user)
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
    const method = this.#first()
    await this.erased(user)
    await timed(this.counters.tryRegister, method.register(user, password))
    this.counters.registered++
    await this.tellOthers(user)
  }

  /** Changes the password where the account is. */
  async setPassword(user: Jid, password: string): Promise<void> {
    if (password === '') throw new AccountError('invalid_password', 'Empty password')
    for (const method of this.methods) {
      if (!(await method.exists(user))) continue
      await method.setPassword(user, password)
      return this.tellOthers(user)
    }
    throw new AccountError('not_found', `User ${user} does not exist`)
  }

  /** Removes the account and `others` in one unit; false when no method has it. */
  async remove(user: Jid, others: readonly Write[]): Promise<boolean> {
    for (const method of this.methods)
      if (await method.remove(user, others)) {
        this.counters.unregistered++
        this.#forgetKnown(user)
        await this.tellOthers(user)
        return true
      }
    return false
  }

  /** Forgets what is remembered of an account: another node has changed it. */
  forget(user: Jid): void {
    this.#forgetKnown(user)
    for (const method of this.methods) method.forget?.(user)
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
