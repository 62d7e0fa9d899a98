/** Takes over a changed configuration while the server runs: all that can change, or nothing when something is wrong. */
import { isDeepStrictEqual } from 'node:util'
import type { ReloadReport } from '../api/index.ts'
import { type Change, ConfigError, changesBetween, printProblem } from '../core/config/index.ts'
import type { Config } from '../core/config/types.ts'
import { domainsOf } from '../core/domains.ts'
import type { Kernel } from '../core/kernel.ts'
import type { ModuleChange } from '../core/manager.ts'
import { newHostTypes, startHost } from './hosts.ts'
import type { PresentConfig } from './present-config.ts'

/** Reads the configuration anew and applies it; one call after another. Never rejects: what is wrong is in the report. */
export function reload(kernel: Kernel, present: PresentConfig, read: () => Config): Promise<ReloadReport> {
  return present.inTurn(async () => {
    try {
      return await takeOver(kernel, present, read())
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.map(printProblem) : [messageOf(error)]
      return { ok: false, applied: [], restart: [], problems, notices: [] }
    }
  })
}

async function takeOver(kernel: Kernel, present: PresentConfig, next: Config): Promise<ReloadReport> {
  const { current, started } = present
  const ready = present.prepare(next)
  const modules = await changeModules(kernel, current, next)
  const hosts = await addHosts(kernel, present, next).catch(async (error: unknown) => {
    await changeModules(kernel, next, current)
    throw error
  })
  const live = changesBetween(current, next).filter(isLive)
  const restart = waiting(kernel, started, next)
  const { general, log } = current
  ready()
  // A level that was set through the API stays until the configuration's changes.
  if (next.general.loglevel !== general.loglevel || !isDeepStrictEqual(log, next.log))
    kernel.logs.setLevels(next.general.loglevel, next.log.level)
  const applied = [...live.map(({ path }) => path), ...modules, ...hosts]
  return { ok: true, applied, restart, problems: [], notices: next.notices }
}

const isLive = ({ reload: when }: Change): boolean => when === 'live'

/** What the next start will change. Hosts are compared with those that are served, since some may have come meanwhile. */
function waiting(kernel: Kernel, started: Config, next: Config): string[] {
  const gone = kernel.hosts.types().filter(({ type }) => !next.hostTypes.has(type))
  const others = changesBetween(started, next).filter((change) => !isLive(change) && !OF_HOSTS.has(change.path))
  return [...others.map(({ path }) => path), ...gone.map(({ type }) => `host ${type} (removed)`)]
}

const OF_HOSTS: ReadonlySet<string> = new Set(['general.hosts', 'general.host_types'])

/** Starts what is new among the host types, all of it or nothing. Those that are gone go with the next start: people are connected there. */
async function addHosts(kernel: Kernel, present: PresentConfig, next: Config): Promise<string[]> {
  const added: string[] = []
  try {
    for (const hostType of newHostTypes(kernel, next)) {
      await startHost(kernel, present, hostType)
      added.push(hostType.name)
    }
    // Some may have waited for their host type.
    if (added.length > 0) await domainsOf(kernel)?.sync()
    return added.map((name) => `host ${name} (started)`)
  } catch (error) {
    for (const name of added) {
      await kernel.modules.stopAll(kernel.hosts.type(name)!)
      kernel.hosts.removeType(name)
    }
    throw error
  }
}

/** Changes the modules of all host types, or of none. */
async function changeModules(kernel: Kernel, before: Config, next: Config): Promise<string[]> {
  const done: string[] = []
  const changed: string[] = []
  const several = kernel.hosts.types().length > 1
  try {
    for (const { name, modules } of next.hostTypes.values()) {
      const host = kernel.hosts.type(name)
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
