/** Accounts and rosters of the peers: made once over XMPP itself, then kept as snapshots of their data. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from './load.ts'
import type { Server } from './server.ts'

/** The snapshots: accounts alone; a user with contacts; that, and the users of the login storm with theirs. */
export type Snapshot = 'accounts' | 'contacts' | 'rosters'

/** How much is wanted. */
export interface Population {
  /** Accounts u1, u2 and so on. */
  readonly users: number
  /** Users of the login storm. */
  readonly storm: number
  readonly contacts: number
}

async function fill(server: Server, from: string, to: Snapshot, test: string, words: Record<string, number>) {
  console.error(`${server.peer.name}: makes ${to}`)
  await server.fresh(from)
  await server.start('base')
  await generate(test, server, words)
  await server.stop()
  server.snapshot(to)
}

/** The same for a user with so many contacts, who need no other accounts. */
async function befriended(server: Server, contacts: number): Promise<Snapshot> {
  const note = join(server.home, 'contacts')
  if (!existsSync(note) || readFileSync(note, 'utf8') !== String(contacts)) server.forget('contacts')
  if (!server.has('contacts')) await fill(server, '', 'contacts', 'contacts', { contacts })
  writeFileSync(note, String(contacts))
  return 'contacts'
}

/** Makes the snapshots that are missing or too small; resolves with the name of the wanted one. */
export async function populate(
  server: Server,
  { users, storm, contacts }: Population,
  wanted: Snapshot,
): Promise<Snapshot> {
  if (wanted === 'contacts') return befriended(server, contacts)
  const note = join(server.home, 'population')
  const told = `${users} ${storm} ${contacts}`
  if (!existsSync(note) || readFileSync(note, 'utf8') !== told) {
    server.forget('accounts')
    server.forget('rosters')
  }
  if (!server.peer.accounts) return 'accounts'
  if (!server.has('accounts')) await fill(server, '', 'accounts', 'register', { users })
  writeFileSync(note, told)
  if (wanted === 'rosters' && !server.has('rosters')) {
    await fill(server, '', 'rosters', 'rosters', { users: storm, contacts })
  }
  return wanted
}
