/** What `meerkat check` finds about the services of `[outgoing_pools]`: it logs in where the server would. */
import { connect } from 'node:net'
import type { Pool, PoolOf } from '../core/config/types.ts'
import { silentLog } from '../core/log.ts'
import { connectRabbit } from '../pools/rabbit-connect.ts'
import { rdbmsPool } from '../pools/rdbms/index.ts'
import { type Finding, messageOf, note, ok, wrong } from './finding.ts'
import { checkSchema } from './check-store.ts'

/** How long a service may take to accept a connection, in milliseconds. */
const CONNECT_MS = 3000

/** Looks at a service. */
export async function checkService(pool: Pool): Promise<Finding[]> {
  if (pool.type === 'rdbms') return checkDatabase(pool)
  if (pool.type === 'rabbit') return [await checkBroker(pool)]
  const { connection } = pool.settings as { connection?: { host?: unknown; port?: unknown } }
  const { host, port } = connection ?? {}
  return typeof host === 'string' && typeof port === 'number' ? [await checkReached(nameOf(pool), host, port)] : []
}

const nameOf = ({ type, tag }: Pool): string => `[outgoing_pools.${type}.${tag}]`

/** What words of a service mean, and how that is mended. */
type Mends = readonly (readonly [words: RegExp, mend: string])[]

const UNREACHED = 'start the service, or correct host and port'

const DATABASE_MENDS: Mends = [
  [
    /password authentication|role .* does not exist|no pg_hba/i,
    'correct username and password, or let the user in by pg_hba.conf',
  ],
  [/database .* does not exist/i, 'make the database ("createdb -O USER DATABASE"), or correct its name'],
  [/certificate|SSL|TLS/i, 'correct the section tls, or the certificate of the database'],
  [/not built into/i, 'correct driver'],
]

const BROKER_MENDS: Mends = [
  [/ACCESS[-_]REFUSED|403/, 'correct username and password; "guest" may come from the same machine only'],
  [/virtual host/, 'make it ("rabbitmqctl add_vhost NAME") and let the user in ("rabbitmqctl set_permissions")'],
  [/certificate|SSL|TLS/i, 'correct the section tls, or the certificate of the broker'],
]

const mendOf = (mends: Mends, words: string): string => mends.find(([known]) => known.test(words))?.[1] ?? UNREACHED

/** Logs in to the database, and looks at its schema and at what the user may do. */
async function checkDatabase(pool: PoolOf<'rdbms'>): Promise<Finding[]> {
  const name = nameOf(pool)
  const { database, username, host } = pool.settings.connection
  try {
    const session = await rdbmsPool(pool.settings, silentLog()).session({ setup: [], writing: true })
    const [may, history] = await session.pipeline([
      { text: `SELECT has_schema_privilege(current_schema(), 'CREATE') AS may` },
      { text: 'SELECT version, name FROM schema_version ORDER BY version' },
    ])
    await session.end()
    const [rights] = (may?.rows ?? []) as readonly { may: number | null }[]
    return [
      ok(`${name}: "${username}" logs in to the database "${database}" on ${host}`),
      ...(rights?.may === 1 ? [] : [noTables(name, username)]),
      ...checkSchema(`${name}: the database "${database}"`, history?.rows),
    ]
  } catch (error) {
    const words = messageOf(error)
    return [wrong(`${name}: nobody can log in to "${database}" on ${host} (${words})`, mendOf(DATABASE_MENDS, words))]
  }
}

const noTables = (name: string, user: string): Finding =>
  note(
    `${name}: "${user}" may make no tables, as the first start and new releases must: GRANT CREATE ON SCHEMA public TO "${user}"`,
  )

/** Speaks AMQP with the broker as far as a virtual host. */
async function checkBroker(pool: PoolOf<'rabbit'>): Promise<Finding> {
  const name = nameOf(pool)
  const { host, port, username, virtual_host: place } = pool.settings.connection
  try {
    const model = await connectRabbit(pool.settings, 'meerkat check')
    await model.close()
    return ok(`${name}: "${username}" logs in to the virtual host "${place}" on ${host}:${port}`)
  } catch (error) {
    const words = messageOf(error)
    return wrong(`${name}: nobody can log in to ${host}:${port} (${words})`, mendOf(BROKER_MENDS, words))
  }
}

/** Whether something accepts connections there. */
function checkReached(name: string, host: string, port: number): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const tell = (finding: Finding): void => {
      socket.destroy()
      resolve(finding)
    }
    socket.setTimeout(CONNECT_MS, () => tell(wrong(`${name}: ${host}:${port} does not answer`, UNREACHED)))
    socket.once('connect', () => tell(ok(`${name}: ${host}:${port} accepts connections`)))
    socket.once('error', (error) =>
      tell(wrong(`${name}: ${host}:${port} cannot be reached (${error.message})`, UNREACHED)),
    )
  })
}
