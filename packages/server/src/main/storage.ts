/** The main store: the database that `[outgoing_pools.rdbms.default]` names, otherwise SQLite in the data folder. */
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Config, PoolOf } from '../core/config/types.ts'
import type { Database } from '../core/database.ts'
import type { Log } from '../core/log.ts'
import { openSqlite } from '../storage/sqlite/index.ts'
import type { Guest } from '../storage/sqlite/messages.ts'

/**
 * Opens and migrates the main store. `writer` is the name of this process, which no other one with the same database may have; `guest` is what a
 * thread of the embedded store does besides.
 */
export async function openStorage(config: Config, writer: string, log: Log, guest?: Guest): Promise<Database> {
  const pool = mainPool(config)
  const { durability } = config.storage
  if (pool === undefined) return openSqlite({ file: embeddedFile(config), durability, guest })
  // A driver that nobody uses costs no memory.
  const [{ rdbmsPool }, { openPostgres }] = await Promise.all([
    import('../pools/rdbms/index.ts'),
    import('../storage/postgres/index.ts'),
  ])
  const { max_worker_queue_len: length, workers } = pool.settings
  const limits = length === undefined ? {} : { maxQueued: Math.max(1, length) * workers }
  return openPostgres(rdbmsPool(pool.settings, log), { writer, durability, ...limits })
}

const embeddedFile = (config: Config): string => join(config.general.data_dir, 'meerkat.db')

/** The file of the embedded store; undefined when the configuration names another database. */
export const sqliteFile = (config: Config): string | undefined =>
  mainPool(config) === undefined ? embeddedFile(config) : undefined

/**
 * The pool of the main store. Throws on one that leads to another database: nothing would ever be in it. Pools with other tags or of single host
 * types are taken for the same one when they lead to the same database.
 */
function mainPool({ pools, hostTypes }: Config): PoolOf<'rdbms'> | undefined {
  const all = pools.filter((pool) => pool.type === 'rdbms')
  const isMain = ({ tag, hostType }: PoolOf<'rdbms'>): boolean => tag === 'default' && hostType === undefined
  const ofTypes = new Map(all.flatMap((pool) => (pool.tag === 'default' ? [[pool.hostType ?? '', pool]] : [])))
  const main = all.find(isMain) ?? (ofTypes.size === hostTypes.size ? [...ofTypes.values()][0] : undefined)
  const other = all.find(({ settings }) => !isDeepStrictEqual(settings.connection, main?.settings.connection))
  if (other !== undefined) {
    throw new Error(
      `[outgoing_pools.rdbms.${other.tag}] would not be used: everything is kept in the one database of ` +
        '[outgoing_pools.rdbms.default] with scope = "global"',
    )
  }
  return main
}
