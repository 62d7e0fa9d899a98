/** The accounts of a host type, by its section `[auth]`. */
import { mechanismByConfigName } from '@meerkat/protocol/sasl'
import type { ScramHash } from '@meerkat/protocol/sasl'
import { internalAuth } from '../auth/internal.ts'
import { pkiAuth } from '../auth/pki.ts'
import { Accounts, type AuthMethod } from '../core/accounts.ts'
import type { Auth, AuthMethodConfig } from '../core/config/types.ts'
import type { Database } from '../core/database.ts'

/** The methods that this server has. */
export const authMethods: ReadonlySet<string> = new Set(['internal', 'pki', 'rdbms'])

/** Makes the accounts of a host type. */
export const accountsOf = (auth: Auth, storage: Database): Accounts => new Accounts(authMethodsOf(auth, storage))

/** Makes the methods of a section. */
export function authMethodsOf(auth: Auth, storage: Database): AuthMethod[] {
  // `internal` and `rdbms` are both the accounts in the main store: whoever names both wants them once.
  const methods = auth.methods.filter((method, i) => !inMain(method) || auth.methods.findIndex(inMain) === i)
  // To `pki` every name is an account: those who know theirs are asked before it.
  methods.sort((one, other) => Number(one.name === 'pki') - Number(other.name === 'pki'))
  return methods.map((method) => methodOf(method, auth, storage))
}

function inMain(method: AuthMethodConfig): method is AuthMethodConfig & { readonly name: 'internal' | 'rdbms' } {
  return method.name === 'internal' || method.name === 'rdbms'
}

function methodOf(method: AuthMethodConfig, auth: Auth, storage: Database): AuthMethod {
  if (method.name === 'pki') return pkiAuth(storage)
  if (!inMain(method)) throw new Error(`auth.${method.name} is not built into this server`)
  return internalAuth(storage, {
    name: method.name,
    format: auth.password.format,
    hashes: auth.password.hash.map((hash): ScramHash => (hash === 'sha' ? 'sha1' : hash)),
    iterations: auth.password.scram_iterations,
    maxUsersPerDomain: auth.max_users_per_domain,
  })
}

/** The mechanisms of `auth.sasl_mechanisms` by their names on the wire, in the order of their offer; undefined when not written. */
export function mechanismsOf(auth: Auth): readonly string[] | undefined {
  if (auth.sasl_mechanisms.length === 0) return undefined
  return auth.sasl_mechanisms.map((name) => mechanismByConfigName(name)?.name).filter((name) => name !== undefined)
}
