/** Accounts that nobody keeps (`[auth.pki]`): whoever has a certificate is a user, so every name is one. */
import { AccountError, type AuthMethod } from '../core/accounts.ts'
import type { Database } from '../core/database.ts'

/** Makes the method; what the server keeps of its users is in the main store. */
export function pkiAuth(storage: Database): AuthMethod {
  const refuse = (): Promise<never> =>
    Promise.reject(new AccountError('not_allowed', 'Users with certificates have no accounts here'))
  return {
    name: 'pki',
    mechanisms: ['EXTERNAL'],
    exists: () => true,
    credentials: () => Promise.resolve(undefined),
    checkPassword: () => Promise.resolve(false),
    register: refuse,
    setPassword: refuse,
    // There is no account to remove, but perhaps much that it has left.
    remove: async (_user, others) => {
      await storage.commit(others)
      return true
    },
    list: () => Promise.resolve([]),
    count: () => Promise.resolve(0),
  }
}
