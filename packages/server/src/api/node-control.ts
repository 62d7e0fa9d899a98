/** What the API may do with the node as a whole; the composition root shares it. */
import { sharedKey } from '../core/host.ts'
import type { Kernel } from '../core/kernel.ts'
import { sharedOrNone } from './context.ts'

/** The names of log levels in the API. */
export const LOG_LEVELS = [
  'NONE',
  'EMERGENCY',
  'ALERT',
  'CRITICAL',
  'ERROR',
  'WARNING',
  'NOTICE',
  'INFO',
  'DEBUG',
  'ALL',
] as const

/** A log level by MongooseIM's name, in capitals. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Where the node is in its life. */
export type Phase = 'starting' | 'started' | 'stopping'

/** What became of a reload. */
export interface ReloadReport {
  /** False when the new configuration is wrong: then the old one stays as a whole. */
  readonly ok: boolean
  /** What was changed. */
  readonly applied: readonly string[]
  /** What is written differently now, and holds only from the next start. */
  readonly restart: readonly string[]
  readonly problems: readonly string[]
  readonly notices: readonly string[]
}

/** A copy of the store. */
export interface Backup {
  readonly file: string
  readonly bytes: number
}

/** A file of an archive: its name, and its text in pieces. */
export interface ArchivedFile {
  readonly name: string
  readonly text: AsyncIterable<string>
}

/** The node's own operations. */
export interface NodeControl {
  /** Set by the composition root: it is `stopping` before the first listener closes. */
  readonly phase: Phase
  readonly version: string
  /** The commit that runs; '' when unknown. */
  readonly commitHash: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Where logs go, for `status`; empty when they go to standard error. */
  readonly logFiles: readonly string[]
  /** `[services]` and `[internal_databases]` of the configuration, by name. */
  readonly services: readonly string[]
  readonly internalDatabases: readonly string[]
  readonly logLevel: LogLevel
  /** Changes the level of all loggers. */
  setLogLevel(level: LogLevel): void
  /** Reads a text file on the server's machine; rejects with the code ENOENT when there is none. */
  readText(file: string): Promise<string>
  /** Reads the configuration anew and applies what can change while the server runs. */
  reload(): Promise<ReloadReport>
  /** Copies the embedded store into a new file; rejects when there is none, or when the file exists. */
  backup(file: string): Promise<Backup>
  /**
   * Writes a new archive with these files, and with the lines of the logs that name the address `about`; a relative name is one in the data folder. Rejects
   * with the codes of the file system.
   */
  writeArchive(file: string, files: AsyncIterable<ArchivedFile>, about: string): Promise<void>
  /** Ends the server in good order; returns at once, so that the answer can still leave. */
  stop(): void
  /** Ends the server in good order and starts it again; returns at once. */
  restart(): void
}

/** Where the node shares its operations. */
export const nodeControl = sharedKey<NodeControl>('node control')

/** The node's phase: `started` once the composition root has shared its operations, which it does last. */
export const phaseOf = (kernel: Kernel): Phase => sharedOrNone(kernel, nodeControl)?.phase ?? 'starting'
