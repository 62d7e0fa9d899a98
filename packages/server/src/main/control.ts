/** The operations of the node that the API offers. */
import { fstatSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { LOG_LEVELS, type LogLevel, type NodeControl, type Phase } from '../api/index.ts'
import type { Config } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'

/** What only the process itself can do. */
export interface ProcessControl {
  stop(): void
  restart(): void
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
    services: [...config.services.keys()],
    internalDatabases: [],
    get logLevel() {
      return level
    },
    setLogLevel(wanted) {
      level = wanted
      kernel.logs.setLevels(wanted.toLowerCase())
    },
    readText: (file) => readFile(file, 'utf8'),
    stop: () => process.stop(),
    restart: () => process.restart(),
  }
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
