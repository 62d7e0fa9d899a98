/** The database that is copied from: read only, and never written to. */
import type { SqlValue } from '../../core/database.ts'
import { type PostgresServer, type PostgresSession, openSession } from '../../pools/rdbms/session.ts'

const PORT = 5432
const CONNECT_TIMEOUT_MS = 5000
/** One snapshot for everything: what changes meanwhile is for the next time. */
const READING = [
  'SET default_transaction_read_only = on',
  'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY',
]

/** An address that cannot be used, or a database that is none of MongooseIM's. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}

/** Where `postgres://user:password@host:port/database` points; the password may also be in PGPASSWORD. */
export function parseSource(address: string, env: NodeJS.ProcessEnv = process.env): PostgresServer {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const database = url?.pathname.slice(1) ?? ''
  if (url === undefined || !/^postgres(?:ql)?:$/.test(url.protocol) || url.hostname === '' || database === '')
    throw new SourceError('--from wants postgres://USER:PASSWORD@HOST:PORT/DATABASE')
  return {
    host: url.hostname,
    port: url.port === '' ? PORT : Number(url.port),
    database: decodeURIComponent(database),
    user: decodeURIComponent(url.username || 'mongooseim'),
    password: decodeURIComponent(url.password) || (env['PGPASSWORD'] ?? ''),
    tls: tlsOf(url.searchParams.get('sslmode') ?? 'prefer'),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    queryTimeoutMs: Infinity,
  }
}

/** The modes of libpq that differ for us. */
function tlsOf(mode: string): PostgresServer['tls'] {
  if (mode === 'disable') return undefined
  if (!['prefer', 'require', 'verify-full'].includes(mode))
    throw new SourceError(`sslmode=${mode} is not understood: use disable, prefer, require or verify-full`)
  return {
    options: { rejectUnauthorized: mode === 'verify-full' },
    required: mode !== 'prefer',
    fault: () => undefined,
  }
}

/** A connection to the database. */
export class Source {
  /** Tells it from others. */
  readonly name: string
  readonly #session: PostgresSession

  private constructor(name: string, session: PostgresSession) {
    this.name = name
    this.#session = session
  }

  /** Connects; throws SourceError when that fails. */
  static async open(server: PostgresServer): Promise<Source> {
    try {
      return new Source(
        `${server.host}:${server.port}/${server.database}`,
        await openSession(server, { setup: READING, writing: false }),
      )
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new SourceError(`the database ${server.database} at ${server.host}:${server.port} cannot be read: ${why}`)
    }
  }

  /** The rows of a statement with `$1`, `$2` … for its values. */
  async rows<Row>(text: string, ...values: SqlValue[]): Promise<readonly Row[]> {
    const [answer] = await this.#session.pipeline([{ text, values }])
    if (answer?.fault !== undefined) throw new SourceError(`the database says: ${answer.fault.message}`)
    return answer?.rows ?? []
  }

  /** Whether there is such a table. */
  async has(table: string): Promise<boolean> {
    const [row] = await this.rows<{ found: number }>('SELECT (to_regclass($1) IS NOT NULL) AS found', table)
    return row?.found === 1
  }

  /** Ends the connection. */
  close(): Promise<void> {
    return this.#session.end()
  }
}
