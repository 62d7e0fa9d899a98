/** What a new session begins with: its settings, and, to write, a server that lets it and the lease of its writer. */
import type { Purpose, Session, Statement } from './types.ts'

/** How long a session waits for a lease that another one has, in milliseconds. */
const LEASE_WAIT_MS = 2000

/** The server frees the lease of a machine that is gone after some 45 seconds. */
const KEEPALIVE = ['SET tcp_keepalives_idle = 30', 'SET tcp_keepalives_interval = 5', 'SET tcp_keepalives_count = 3']

/**
 * Prepares a session. `owner` is the same for all sessions of one link, and for no others: it says whose an old session is.
 * Rejects with an `Error` that says why the session is of no use.
 */
export async function prepare(session: Session, { setup, writing, lease }: Purpose, owner: string): Promise<void> {
  await ask(session, ...[`SET application_name = '${owner}'`, ...setup].map((text) => ({ text })))
  if (!writing) return
  const [row] = await ask<{ transaction_read_only: string }>(session, { text: 'SHOW transaction_read_only' })
  if (row?.transaction_read_only === 'on') throw new Error('the server is read-only, as a standby is')
  if (lease !== undefined) await takeLease(session, lease, owner)
}

/**
 * A writer's transactions follow each other: what an earlier session of this link has left on the server, which may still be at work when
 * its connection is lost, is ended first; then nothing of it can commit later.
 */
async function takeLease(session: Session, lease: string, owner: string): Promise<void> {
  const earlier =
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()'
  await ask(session, ...KEEPALIVE.map((text) => ({ text })), { text: earlier, values: [owner] })
  try {
    await ask(
      session,
      { text: `SET lock_timeout = ${LEASE_WAIT_MS}` },
      { text: 'SELECT pg_advisory_lock(hashtextextended($1, 0))', values: [lease] },
      { text: 'SET lock_timeout = 0' },
    )
  } catch (error) {
    throw new Error(`another process seems to write as "${lease}"`, { cause: error })
  }
}

/** The rows of the last statement. */
async function ask<Row>(session: Session, ...statements: Statement[]): Promise<readonly Row[]> {
  const answers = await session.pipeline(statements)
  for (const { fault } of answers) if (fault !== undefined) throw new Error(fault.message)
  return answers.at(-1)?.rows ?? []
}
