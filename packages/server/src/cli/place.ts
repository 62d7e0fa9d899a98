/** Where the server lives: its configuration, its data folder, its control socket. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { CliError, ERROR } from './exit.ts'

/** The files of one server. */
export interface Place {
  /** The configuration file; undefined when there is none yet. */
  readonly config: string | undefined
  readonly dataDir: string
  readonly socket: string
  readonly pidFile: string
  readonly logFile: string
  /** The server's program. */
  readonly main: string
}

/** The composition root, beside this layer. */
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

const NAMES = ['meerkat.toml', 'mongooseim.toml', 'etc/mongooseim.toml']

/**
 * Finds the server: of the configuration file that is named, or `MEERKAT_CONFIG`, or the first of the usual names in the working folder. Without
 * one the data folder is `./data`. `MEERKAT_SOCKET` goes before all. Throws when the named file is not there or is no TOML.
 */
export async function findPlace(named: string | undefined, env: NodeJS.ProcessEnv = process.env): Promise<Place> {
  const given = named ?? env['MEERKAT_CONFIG']
  if (given !== undefined && !existsSync(given)) throw new CliError(ERROR, `there is no configuration file ${given}`)
  const config = given ?? NAMES.find((name) => existsSync(name))
  const dataDir = config === undefined ? resolve('data') : await dataDirOf(config)
  return {
    config: config === undefined ? undefined : resolve(config),
    dataDir,
    socket: env['MEERKAT_SOCKET'] ?? join(dataDir, 'meerkat.sock'),
    pidFile: join(dataDir, 'meerkat.pid'),
    logFile: join(dataDir, 'meerkat.log'),
    main: MAIN,
  }
}

/** `[general] data_dir`, relative to the file's folder. */
async function dataDirOf(config: string): Promise<string> {
  const { parse } = await import('smol-toml')
  const folder = dirname(resolve(config))
  try {
    const { general } = parse(readFileSync(config, 'utf8'))
    const written = typeof general === 'object' && 'data_dir' in general ? general['data_dir'] : undefined
    return resolve(folder, typeof written === 'string' ? written : 'data')
  } catch (error) {
    throw new CliError(ERROR, `${config}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
