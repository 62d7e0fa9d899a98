/**
 * Logging. Lines are JSON objects with a snake_case `what` and the `area` that they are about; secrets have no business in them, and those of the
 * configuration are struck out of every line should one get there all the same (S90).
 */
import { type Logger, pino, stdTimeFunctions } from 'pino'

export type Log = Logger<'notice'>

/** MongooseIM's names of levels (general.loglevel) and ours. */
const LEVELS: Record<string, string> = {
  none: 'silent',
  emergency: 'fatal',
  alert: 'fatal',
  critical: 'fatal',
  error: 'error',
  warning: 'warn',
  notice: 'notice',
  info: 'info',
  debug: 'debug',
  all: 'trace',
}

/** Graver than what is said of each session, less grave than a warning. */
const CUSTOM_LEVELS = { notice: 35 }

/** What log lines can be about; each may have a level of its own. */
export const LOG_AREAS = ['core', 'c2s', 's2s', 'http', 'auth', 'modules', 'pools', 'storage'] as const

/** What a log line is about. */
export type LogArea = (typeof LOG_AREAS)[number]

/** Names of properties that may hold a secret; a value under such a name is never printed (S90). */
const SECRET = ['password', 'secret', 'token', 'authorization', 'pass', 'stored_key', 'server_key']

/** Shorter secrets than this are not struck out of lines: they would take half of the words with them. */
const SHORTEST_STRUCK = 6

/** Where lines go, and what must not be in them. */
export interface LogOptions {
  readonly write: (line: string) => void
  readonly secrets?: KnownSecrets
}

/** Makes the root logger of JSON lines. `level` is one of MongooseIM's level names. */
export function createLog(level: string, { write, secrets = new KnownSecrets() }: LogOptions): Log {
  return pino(
    {
      customLevels: CUSTOM_LEVELS,
      level: pinoLevel(level),
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: SECRET.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '***' },
    },
    { write: (line: string) => write(secrets.strike(line)) },
  )
}

/** Secrets that are struck out of log lines. */
export class KnownSecrets {
  /** With JSON's escapes, as they would stand in a line. */
  #written: readonly string[] = []

  constructor(secrets: readonly string[] = []) {
    this.learn(secrets)
  }

  /** Adds secrets, as of a configuration that is read anew. */
  learn(secrets: readonly string[]): void {
    const more = secrets
      .filter((secret) => secret.length >= SHORTEST_STRUCK)
      .map((secret) => JSON.stringify(secret).slice(1, -1))
    // A secret that begins with another one goes first, or its rest would stay.
    this.#written = [...new Set([...this.#written, ...more])].toSorted((one, other) => other.length - one.length)
  }

  /** The line without them. */
  strike(line: string): string {
    let struck = line
    for (const secret of this.#written) if (struck.includes(secret)) struck = struck.replaceAll(secret, '***')
    return struck
  }
}

/** The loggers of all areas, and their levels. */
export class AreaLogs {
  readonly #root: Log
  readonly #areas = new Map<LogArea, Log>()
  /** Loggers made for parts of an area, which follow its level. */
  readonly #parts: { readonly area: LogArea; readonly log: Log }[] = []
  #general: string
  #own: Partial<Record<LogArea, string | undefined>>

  /** `general` and `own` are levels by MongooseIM's names; without `general` it is the root's own. */
  constructor(root: Log, general?: string, own: Partial<Record<LogArea, string | undefined>> = {}) {
    this.#root = root
    this.#general = general === undefined ? root.level : pinoLevel(general)
    this.#own = own
  }

  /** The logger of an area. */
  area(area: LogArea): Log {
    let log = this.#areas.get(area)
    if (log === undefined) {
      log = this.#root.child({ area }, { level: this.#levelOf(area) })
      this.#areas.set(area, log)
    }
    return log
  }

  /** A logger of an area whose lines all carry `bindings`. */
  part(area: LogArea, bindings: Record<string, unknown>): Log {
    const log = this.area(area).child(bindings)
    this.#parts.push({ area, log })
    return log
  }

  /** Sets the level of all areas that have none of their own; with `own`, also those. */
  setLevels(general: string, own = this.#own): void {
    this.#general = pinoLevel(general)
    this.#own = own
    this.#root.level = this.#general
    for (const [area, log] of this.#areas) log.level = this.#levelOf(area)
    for (const { area, log } of this.#parts) log.level = this.#levelOf(area)
  }

  #levelOf(area: LogArea): string {
    const own = this.#own[area]
    return own === undefined ? this.#general : pinoLevel(own)
  }
}

/** A logger that says nothing, for tests. */
export function silentLog(): Log {
  return pino({ customLevels: CUSTOM_LEVELS, level: 'silent' })
}

/** Pino's name for one of MongooseIM's level names. */
export function pinoLevel(level: string): string {
  return LEVELS[level] ?? 'info'
}

/** What an unknown error says. */
export function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
