import type { Jid } from '@meerkat/protocol'
import { AccountError, type AuthMethod, type Credentials } from '../core/accounts.ts'
import type { Database, Write } from '../core/database.ts'

/** Accounts in memory, for tests of what does not concern passwords. */
export function memoryAccounts(storage: Database): AuthMethod & { add(user: Jid, password?: string): void } {
  const passwords = new Map<string, string>()
  const key = (user: Jid): string => user.bare.toString()
  return {
    name: 'memory',
    mechanisms: ['PLAIN', 'EXTERNAL'],
    add: (user, password = 'secret') => void passwords.set(key(user), password),
    exists: (user) => passwords.has(key(user)),
    credentials: async (): Promise<Credentials | undefined> => undefined,
    checkPassword: async (user, password) => passwords.get(key(user)) === password,
    async register(user, password) {
      if (passwords.has(key(user))) throw new AccountError('exists', 'exists')
      passwords.set(key(user), password)
    },
    async setPassword(user, password) {
      passwords.set(key(user), password)
    },
    async remove(user, others: readonly Write[]) {
      if (others.length > 0) await storage.commit(others)
      return passwords.delete(key(user))
    },
    list: async (domain) =>
      [...passwords.keys()].filter((user) => user.endsWith(`@${domain}`)).map((user) => user.split('@')[0]!),
    count: async (domain) => [...passwords.keys()].filter((user) => user.endsWith(`@${domain}`)).length,
  }
}
