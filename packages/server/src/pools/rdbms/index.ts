/** `[outgoing_pools.rdbms.default]`: the connections to the main store. */
import { checkServerIdentity, type ConnectionOptions } from 'node:tls'
import type { PoolOf } from '../../core/config/types.ts'
import type { Log } from '../../core/log.ts'
import { StorageError } from '../../core/database.ts'
import { certificateFault, tlsClientOptions } from '../tls-client.ts'
import { RdbmsFigures } from './figures.ts'
import { PostgresLink, type LinkOptions } from './link.ts'
import { openSession, type PostgresServer, type ServerTls } from './session.ts'
import type { PostgresPool, Purpose, Session } from './types.ts'

type Settings = PoolOf<'rdbms'>['settings']

const PORT = 5432
const CONNECT_TIMEOUT_MS = 5000
const FIRST_PAUSE_MS = 100
/** Writing and reading have connections of their own. */
const FEWEST = 2

/** The pool that the section describes. Throws when this server cannot speak with such a database, or a file of `tls` cannot be read. */
export function rdbmsPool({ connection, workers }: Settings, log: Log): PostgresPool {
  const { driver } = connection
  if (driver !== 'pgsql') {
    throw new Error(`[outgoing_pools.rdbms] driver = "${driver}" is not built into this server: use "pgsql"`)
  }
  const { query_timeout: queryTimeoutMs, keepalive_interval: keepalive } = connection
  const server: PostgresServer = {
    host: connection.host,
    port: connection.port ?? PORT,
    database: connection.database,
    user: connection.username,
    password: connection.password,
    tls: tlsOf(connection.tls),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    queryTimeoutMs,
  }
  return postgresPool(server, Math.max(FEWEST, workers), {
    patienceMs: queryTimeoutMs,
    firstPauseMs: FIRST_PAUSE_MS,
    longestPauseMs: connection.max_start_interval * 1000,
    keepaliveMs: keepalive === undefined ? undefined : keepalive * 1000,
    log,
  })
}

/** Connections to one server; see `PostgresPool`. */
export function postgresPool(server: PostgresServer, size: number, options: LinkOptions): PostgresPool {
  const figures = new RdbmsFigures()
  return {
    size,
    queryTimeoutMs: server.queryTimeoutMs,
    link: (purpose) => new PostgresLink(server, purpose, { ...options, figures }),
    session: (purpose) => unlimitedSession(server, purpose),
    show: (scope) => figures.show(scope),
  }
}

async function unlimitedSession(server: PostgresServer, purpose: Purpose): Promise<Session> {
  try {
    return await openSession({ ...server, queryTimeoutMs: Infinity }, purpose)
  } catch (error) {
    throw new StorageError('io', error instanceof Error ? error.message : String(error))
  }
}

function tlsOf(tls: Settings['connection']['tls']): ServerTls | undefined {
  if (tls === undefined) return undefined
  const { host } = tls.server_name_indication
  // The driver names the host of the connection to the server; the certificate is compared with the name that is configured.
  const compared: ConnectionOptions =
    host === undefined ? {} : { checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) }
  const options = { ...tlsClientOptions(tls), ...compared }
  return { options, required: tls.required, fault: (socket) => certificateFault(tls, socket) }
}

export type { PostgresPool } from './types.ts'
