/** The operations of the node that the API offers. */
import { readFile } from 'node:fs/promises'
import { LOG_LEVELS, type LogLevel, type NodeControl, type Phase } from '../api/index.ts'
import type { Config } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import { pinoLevel } from '../core/log.ts'

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
    logFiles: [],
    services: [...config.services.keys()],
    internalDatabases: [],
    get logLevel() {
      return level
    },
    setLogLevel(wanted) {
      level = wanted
      const name = pinoLevel(wanted.toLowerCase())
      kernel.log.level = name
      for (const host of kernel.hosts.types()) host.log.level = name
    },
    readText: (file) => readFile(file, 'utf8'),
    stop: () => process.stop(),
    restart: () => process.restart(),
  }
}

function levelNamed(name: string): LogLevel {
  return LOG_LEVELS.find((level) => level === name.toUpperCase()) ?? 'INFO'
}
