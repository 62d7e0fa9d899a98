/** Logging. Lines are JSON objects with a snake_case `what`; secrets have no business in them. */
import { type Logger, destination, pino, stdTimeFunctions } from 'pino'

export type Log = Logger

/** MongooseIM's level names (reference: general.loglevel) and ours. */
const LEVELS: Record<string, string> = {
  none: 'silent',
  emergency: 'fatal',
  alert: 'fatal',
  critical: 'fatal',
  error: 'error',
  warning: 'warn',
  notice: 'info',
  info: 'info',
  debug: 'debug',
  all: 'trace',
}

/** Names of properties that may hold a secret; a value under such a name is never printed (S90). */
const SECRET = ['password', 'secret', 'token', 'authorization', 'pass', 'stored_key', 'server_key']

/** Makes the root logger: JSON lines to standard error. `level` is one of MongooseIM's level names. */
export function createLog(level: string): Log {
  return pino(
    {
      level: pinoLevel(level),
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: SECRET.flatMap((name) => [name, `*.${name}`]), censor: '***' },
    },
    destination({ fd: 2, sync: true }),
  )
}

/** A logger that says nothing, for tests. */
export function silentLog(): Log {
  return pino({ level: 'silent' })
}

/** Pino's name for one of MongooseIM's level names. */
export function pinoLevel(level: string): string {
  return LEVELS[level] ?? 'info'
}

/** What an unknown error says. */
export function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
