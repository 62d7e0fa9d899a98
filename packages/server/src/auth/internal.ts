/** Accounts in the main store (`[auth.internal]`, `[auth.rdbms]`): table `users`, passwords as SCRAM keys or, if so configured, in the clear. */
import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Jid } from '@meerkat/protocol'
import {
  type ScramHash,
  type ScramRecord,
  equalBytes,
  fakeScramKeys,
  formatMultiScram,
  parseMultiScram,
  scramHashes,
  scramKeys,
  verifyPassword,
} from '@meerkat/protocol/sasl'
import { AccountError, type AuthMethod, type Credentials } from '../core/accounts.ts'
import { type Database, StorageError, type Write } from '../core/database.ts'
import { PasswordQueue } from './password-queue.ts'

/** How `[auth.password]` wants passwords kept, and `auth.max_users_per_domain`. */
export interface InternalOptions {
  /** The name by which the configuration calls the method. */
  readonly name: 'internal' | 'rdbms'
  readonly format: 'scram' | 'plain'
  /** The hashes to keep keys for. */
  readonly hashes: readonly ScramHash[]
  readonly iterations: number
  readonly maxUsersPerDomain: number
}

const DEFAULTS: InternalOptions = {
  name: 'internal',
  format: 'scram',
  hashes: scramHashes,
  iterations: 10_000,
  maxUsersPerDomain: Infinity,
}

const SALT_BYTES = 16
/** Accounts remembered, so that a message to a known user needs no query. */
const CACHED_ACCOUNTS = 20_000

interface Row {
  readonly password: string
  readonly pass_details: string | null
}

const INSERT = `INSERT INTO users (server, username, password, pass_details) SELECT ?, ?, ?, ?
  WHERE (SELECT count(*) FROM users WHERE server = ?) < ?`
const UPDATE = 'UPDATE users SET password = ?, pass_details = ? WHERE server = ? AND username = ?'
const DELETE = 'DELETE FROM users WHERE server = ? AND username = ?'
const SELECT = 'SELECT password, pass_details FROM users WHERE server = ? AND username = ?'
const LIST = 'SELECT username FROM users WHERE server = ? ORDER BY username LIMIT ? OFFSET ?'
const COUNT = 'SELECT count(*) AS users FROM users WHERE server = ?'

/** Makes the method over the main store. */
export function internalAuth(storage: Database, options: Partial<InternalOptions> = {}): AuthMethod {
  return new InternalAuth(storage, { ...DEFAULTS, ...options })
}

class InternalAuth implements AuthMethod {
  readonly name: string
  readonly mechanisms: readonly string[]
  readonly #storage: Database
  readonly #options: InternalOptions
  readonly #passwords = new PasswordQueue()
  /** The stored row of recently seen users; null for names that have no account. */
  readonly #rows = new LRUCache<string, { readonly row: Row | null }>({ max: CACHED_ACCOUNTS })
  /** Counts what was forgotten: a row that was read before is not remembered after. */
  #forgotten = 0
  /** Makes a login of a user who does not exist cost as much as any other (S32). */
  readonly #secret = randomBytes(32)

  constructor(storage: Database, options: InternalOptions) {
    this.name = options.name
    this.#storage = storage
    this.#options = options
    this.mechanisms = ['PLAIN', 'EXTERNAL', ...options.hashes.map((hash) => `SCRAM-SHA-${hash.slice('sha'.length)}`)]
  }

  exists(user: Jid): boolean | Promise<boolean> {
    const cached = this.#rows.get(user.bare.toString())
    return cached !== undefined ? cached.row !== null : this.#row(user).then((row) => row !== null)
  }

  async credentials(user: Jid): Promise<Credentials | undefined> {
    const row = await this.#row(user)
    if (row === null) return undefined
    const record = row.pass_details === null ? undefined : parseMultiScram(row.pass_details)
    if (record !== undefined) return { scram: (hash) => record.get(hash) }
    // Passwords kept in the clear: the keys are made for this one exchange.
    return { scram: (hash) => this.#derive(row.password, hash) }
  }

  async checkPassword(user: Jid, password: string): Promise<boolean> {
    const row = await this.#row(user)
    const record = row === null || row.pass_details === null ? undefined : parseMultiScram(row.pass_details)
    if (row !== null && record === undefined) return equalBytes(Buffer.from(row.password), Buffer.from(password))
    const hash = this.#options.hashes.find((candidate) => record === undefined || record.has(candidate)) ?? 'sha256'
    const keys = record?.get(hash) ?? fakeScramKeys(this.#secret, user.toString(), hash, this.#options.iterations)
    return this.#passwords.run(() => verifyPassword(password, hash, keys))
  }

  async register(user: Jid, password: string): Promise<void> {
    const { maxUsersPerDomain } = this.#options
    const limit = maxUsersPerDomain === Infinity ? Number.MAX_SAFE_INTEGER : maxUsersPerDomain
    const params = [user.domain, user.local, ...(await this.#stored(password)), user.domain, limit]
    const full = new AccountError('limit_per_domain_exceeded', `Domain ${user.domain} has as many users as it may have`)
    try {
      await this.#storage.commit([{ sql: INSERT, params, orElse: full }])
    } catch (error) {
      if (!(error instanceof StorageError) || error.problem !== 'constraint') throw error
      throw new AccountError('exists', `User ${user} already registered`)
    } finally {
      this.forget(user)
    }
  }

  async setPassword(user: Jid, password: string): Promise<void> {
    const params = [...(await this.#stored(password)), user.domain, user.local]
    const missing = new AccountError('not_found', `User ${user} does not exist`)
    await this.#storage.commit([{ sql: UPDATE, params, orElse: missing }])
    this.forget(user)
  }

  async remove(user: Jid, others: readonly Write[]): Promise<boolean> {
    if ((await this.#row(user)) === null) return false
    await this.#storage.commit([{ sql: DELETE, params: [user.domain, user.local] }, ...others])
    this.forget(user)
    return true
  }

  forget(user: Jid): void {
    this.#forgotten++
    this.#rows.delete(user.bare.toString())
  }

  async list(domain: string, { limit, index = 0 }: { limit?: number; index?: number }): Promise<string[]> {
    const rows = await this.#storage.query<{ username: string }>(LIST, domain, limit ?? Number.MAX_SAFE_INTEGER, index)
    return rows.map((row) => row.username)
  }

  async count(domain: string): Promise<number> {
    const [row] = await this.#storage.query<{ users: number }>(COUNT, domain)
    return row?.users ?? 0
  }

  async #row(user: Jid): Promise<Row | null> {
    const key = user.bare.toString()
    const cached = this.#rows.get(key)
    if (cached !== undefined) return cached.row
    const forgotten = this.#forgotten
    const [row = null] = await this.#storage.query<Row>(SELECT, user.domain, user.local)
    if (forgotten === this.#forgotten) this.#rows.set(key, { row })
    return row
  }

  /** The columns `password` and `pass_details` for a password. */
  async #stored(password: string): Promise<[string, string | null]> {
    if (this.#options.format === 'plain') return [password, null]
    const record = new Map()
    for (const hash of this.#options.hashes) record.set(hash, await this.#derive(password, hash))
    return ['', formatMultiScram(record as ScramRecord)]
  }

  #derive(password: string, hash: ScramHash) {
    const salt = randomBytes(SALT_BYTES)
    return this.#passwords.run(() => scramKeys(password, hash, salt, this.#options.iterations))
  }
}
