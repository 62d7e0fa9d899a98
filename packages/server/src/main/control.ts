/** The operations of the node that the API offers. */
import { createReadStream, fstatSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import {
  type ArchivedFile,
  type Backup,
  LOG_LEVELS,
  type LogLevel,
  type NodeControl,
  type Phase,
  type ReloadReport,
} from '../api/index.ts'
import type { Config } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import { backupSqlite } from '../storage/sqlite/backup.ts'
import { makeFolderOf, writeArchive } from './personal-archive.ts'
import type { PresentConfig } from './present-config.ts'
import { reload } from './reload.ts'
import { sqliteFile } from './storage.ts'

/** What only the process itself can do. */
export interface ProcessControl {
  stop(): void
  restart(): void
  /** Reads the configuration anew; throws ConfigError. */
  readConfig(): Config
}

/** Where the node is in its life; the composition root turns the page. */
export interface Life {
  phase: Phase
}

/** Makes the operations of a started node. */
export function controlOf(
  kernel: Kernel,
  config: Config,
  version: string,
  process: ProcessControl,
  life: Life,
  present: PresentConfig,
): NodeControl {
  let level = levelNamed(config.general.loglevel)
  return {
    get phase() {
      return life.phase
    },
    version,
    commitHash: '',
    startedAt: kernel.clock.now(),
    logFiles: logFiles(),
    services: [...config.services.keys()].toSorted(),
    get internalDatabases() {
      return present.current.internalDatabases
    },
    get logLevel() {
      return level
    },
    setLogLevel(wanted) {
      level = wanted
      kernel.logs.setLevels(wanted.toLowerCase())
    },
    readText: (file) => readFile(file, 'utf8'),
    async reload() {
      const report = await reload(kernel, present, () => process.readConfig())
      tell(kernel, report)
      if (report.ok) level = levelNamed(present.current.general.loglevel)
      return report
    },
    backup: (target) => backupOf(config, target),
    writeArchive: (file, files, about) => writePersonal(config, file, files, about),
    stop: () => process.stop(),
    restart: () => process.restart(),
  }
}

/** What a reload did is in the log too, for those who asked with a signal. */
function tell({ log }: Kernel, { ok, applied, restart, problems }: ReloadReport): void {
  if (!ok) log.warn({ what: 'reload_refused', problems }, 'the configuration is wrong: the old one stays')
  else log.notice({ what: 'configuration_reloaded', applied, restart }, 'the configuration was read anew')
}

async function backupOf(config: Config, target: string): Promise<Backup> {
  const file = sqliteFile(config)
  if (file === undefined) throw new Error("the main store is not the embedded one: use the database's own tools")
  return backupSqlite(file, target)
}

/** Where it is not said where, archives are in the data folder. */
async function writePersonal(
  config: Config,
  name: string,
  files: AsyncIterable<ArchivedFile>,
  about: string,
): Promise<void> {
  const file = isAbsolute(name) ? name : join(resolve(config.general.data_dir), 'personal-data', name)
  if (!isAbsolute(name)) await makeFolderOf(file)
  await writeArchive(file, withLogs(files, about))
}

/** The lines of the logs that name somebody. */
async function* withLogs(files: AsyncIterable<ArchivedFile>, about: string): AsyncGenerator<ArchivedFile> {
  yield* files
  for (const [index, log] of logFiles().entries()) yield { name: `logs-${index + 1}.txt`, text: linesWith(log, about) }
}

async function* linesWith(file: string, word: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity }))
    if (line.includes(word)) yield `${line}\n`
}

/** The file behind standard error, where `meerkat start` leads it; none when it is a terminal, a pipe or a journal. */
function logFiles(): string[] {
  try {
    return fstatSync(2).isFile() ? [readlinkSync('/proc/self/fd/2')] : []
  } catch {
    return []
  }
}

function levelNamed(name: string): LogLevel {
  return LOG_LEVELS.find((level) => level === name.toUpperCase()) ?? 'INFO'
}
