/** The passwords of domain admins, `admin@DOMAIN`: kept as keys of SCRAM, never as they are. */
import { randomBytes } from 'node:crypto'
import { fakeScramKeys, formatMultiScram, parseMultiScram, scramKeys, verifyPassword } from '@meerkat/protocol/sasl'
import type { Kernel } from '../core/kernel.ts'
import type { KeyValue } from '../core/stores.ts'

const HASH = 'sha512'
const ITERATIONS = 10_000
const SALT_BYTES = 16

/** A domain's administrator has one password, or none and cannot log in. */
export class DomainPasswords {
  readonly #kernel: Kernel
  readonly #store: KeyValue

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#store = kernel.stores.keyValue('domain_admin')
  }

  /** Whether the password is that of the domain's admin. Where there is none, that takes as long to find out (S32). */
  async check(domain: string, password: string): Promise<boolean> {
    const text = await this.#store.get(domain)
    const kept = text === undefined ? undefined : parseMultiScram(text)?.get(HASH)
    const keys = kept ?? fakeScramKeys(this.#kernel.secret, domain, HASH, ITERATIONS)
    return (await verifyPassword(password, HASH, keys)) && kept !== undefined
  }

  /** Sets the password; resolves when it is stored. */
  async set(domain: string, password: string): Promise<void> {
    const keys = await scramKeys(password, HASH, randomBytes(SALT_BYTES), ITERATIONS)
    await this.#kernel.storage.commit([this.#store.put(domain, formatMultiScram(new Map([[HASH, keys]])))])
  }

  /** Removes the password; false when there was none. */
  async remove(domain: string): Promise<boolean> {
    if ((await this.#store.get(domain)) === undefined) return false
    await this.#kernel.storage.commit([this.#store.remove(domain)])
    return true
  }
}
