/** Takes over a changed configuration while the server runs: all that can change, or nothing when something is wrong. */
import { isDeepStrictEqual } from 'node:util'
import type { ReloadReport } from '../api/index.ts'
import { type Change, ConfigError, changesBetween, printProblem } from '../core/config/index.ts'
import type { Config } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import { type ModuleChange } from '../core/manager.ts'
import type { C2sOptions } from '../listeners/c2s/options.ts'
import { changeableOptionsOf } from './c2s.ts'

/** A listener for clients, by its place in the configuration. */
export interface OpenC2s {
  readonly index: number
  readonly options: C2sOptions
}

/** The configuration that holds at the moment. */
export class PresentConfig {
  /** What the server was started with: that much needs a restart to change. */
  readonly started: Config
  current: Config
  /** The listeners whose limits follow the configuration. */
  readonly c2s: OpenC2s[] = []
  #last: Promise<unknown> = Promise.resolve()

  constructor(config: Config) {
    this.started = config
    this.current = config
  }

  /** Reads the configuration anew and applies it; one call after another. Never rejects: what is wrong is in the report. */
  reload(kernel: Kernel, read: () => Config): Promise<ReloadReport> {
    const report = this.#last.then(() => this.#reload(kernel, read))
    this.#last = report
    return report
  }

  async #reload(kernel: Kernel, read: () => Config): Promise<ReloadReport> {
    try {
      const next = read()
      const modules = await changeModules(kernel, this.current, next)
      const live = changesBetween(this.current, next).filter(isLive)
      const restart = changesBetween(this.started, next).filter((change) => !isLive(change))
      this.#apply(kernel, next)
      const applied = [...live.map(({ path }) => path), ...modules]
      return { ok: true, applied, restart: restart.map(({ path }) => path), problems: [], notices: next.notices }
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.map(printProblem) : [messageOf(error)]
      return { ok: false, applied: [], restart: [], problems, notices: [] }
    }
  }

  #apply(kernel: Kernel, next: Config): void {
    const { general, log } = this.current
    const { loglevel } = next.general
    // A level that was set through the API stays until the configuration's changes.
    if (loglevel !== general.loglevel || !isDeepStrictEqual(log, next.log))
      kernel.logs.setLevels(loglevel, next.log.level)
    this.current = next
    for (const { index, options } of this.c2s) {
      const listener = next.listen[index]
      if (listener?.kind === 'c2s') Object.assign(options, changeableOptionsOf(listener, next))
    }
  }
}

const isLive = ({ reload }: Change): boolean => reload === 'live'

/** Changes the modules of all host types, or of none. */
async function changeModules(kernel: Kernel, before: Config, next: Config): Promise<string[]> {
  const done: string[] = []
  const changed: string[] = []
  const several = kernel.hosts.types().length > 1
  try {
    for (const { name, modules } of next.hostTypes.values()) {
      const host = kernel.hosts.type(name)
      // A new host type begins with the next start.
      if (host === undefined) continue
      const changes = await kernel.modules.change(host, modules)
      changed.push(name)
      done.push(...changes.map((change) => describe(change, several ? ` on ${name}` : '')))
    }
    return done
  } catch (error) {
    for (const name of changed.toReversed())
      await kernel.modules.change(kernel.hosts.type(name)!, before.hostTypes.get(name)!.modules)
    throw error
  }
}

const describe = ({ key, what }: ModuleChange, where: string): string => `modules.${key} (${what}${where})`

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
