/** Puts a server together from its configuration, starts it, and takes it apart again. */
import { mkdirSync } from 'node:fs'
import { archiveReader, nodeControl } from '../api/index.ts'
import { accessRule } from '../core/access.ts'
import { systemClock } from '../core/clock.ts'
import type { Config } from '../core/config/types.ts'
import type { Host } from '../core/host.ts'
import { Kernel } from '../core/kernel.ts'
import { AreaLogs, type Log } from '../core/log.ts'
import type { ModuleRegistry } from '../core/manager.ts'
import { generalKey } from '../core/general.ts'
import { outboxKey } from '../core/outbox.ts'
import { softwareKey } from '../core/software.ts'
import { turn } from '../core/timers.ts'
import { C2sListener } from '../listeners/c2s/listener.ts'
import { userArchives } from '../modules/mam/api.ts'
import { openOutbox } from '../storage/outbox.ts'
import { openStores } from '../storage/stores.ts'
import { accountsOf } from './auth.ts'
import { c2sOptionsOf } from './c2s.ts'
import { watchCertificates } from './certificate-watch.ts'
import { type Life, type ProcessControl, controlOf } from './control.ts'
import { developmentCertificate } from './certificates.ts'
import { type Interfaces, openInterfaces } from './interfaces.ts'
import { openPools } from './pools.ts'
import { showProcess } from './process-metrics.ts'
import { software } from './software.ts'
import { openStorage } from './storage.ts'

/** A running server. */
export interface Server {
  readonly kernel: Kernel
  /** What it listens on, one line each. */
  readonly addresses: readonly string[]
  /** Stops: no new connections, streams closed, everything in line committed, events as far as sinks take them. */
  stop(): Promise<void>
}

/** The name under which this process writes events; one process per data folder. */
const WRITER = 'meerkat@localhost'

/** What has been opened so far, closed in reverse order. */
class Opened {
  readonly #closers: (() => Promise<void> | void)[] = []

  /** Remembers how to close something. */
  on(close: () => Promise<void> | void): void {
    this.#closers.push(close)
  }

  /** Closes everything, also when something fails to close. */
  async close(report: (error: unknown) => void): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) {
      try {
        await close()
      } catch (error) {
        report(error)
      }
    }
  }
}

/** Starts a server. Rejects, with everything closed again, when a part cannot start; the message names it. */
export async function startServer(
  config: Config,
  modules: ModuleRegistry,
  log: Log,
  process: ProcessControl,
): Promise<Server> {
  const opened = new Opened()
  try {
    const server = await start(config, modules, log, opened)
    const life: Life = { phase: 'started' }
    server.kernel.share(nodeControl, controlOf(server.kernel, config, software().version, process, life))
    const stop = (): Promise<void> => {
      // Told before anything closes, so that load balancers send nobody here any more.
      life.phase = 'stopping'
      return server.stop()
    }
    return { ...server, stop }
  } catch (error) {
    await opened.close(() => undefined)
    throw error
  }
}

async function start(config: Config, modules: ModuleRegistry, log: Log, opened: Opened): Promise<Server> {
  const clock = systemClock()
  const kernel = await openKernel(config, modules, log, opened)
  for (const pool of openPools(config.pools, kernel.logs.area('pools'))) {
    kernel.addPool(pool.type, pool.tag, pool.value, pool.hostType)
    opened.on(() => pool.close())
  }
  for (const hostType of config.hostTypes.values()) {
    const accounts = accountsOf(hostType.auth, kernel.storage)
    const isHosted = (domain: string): boolean => kernel.hosts.of(domain) !== undefined
    const host = kernel.addHost(hostType.name, hostType.domains, accounts, (rule, user, domain, undefinedRule) =>
      accessRule(hostType, rule, user, domain, isHosted, undefinedRule),
    )
    opened.on(() => kernel.modules.stopAll(host))
    await kernel.modules.startAll(host, hostType.modules)
  }
  opened.on(turn(kernel.timers))

  const development = await developmentCertificate(
    config.general.data_dir,
    [...config.hostTypes.values()].flatMap((type) => type.domains),
  )
  watchCertificates(kernel, config, development)
  // Before the listeners for clients, so that it closes behind them: while they are drained it tells that the node is not ready.
  const interfaces: Interfaces = await openInterfaces(kernel, config, development)
  opened.on(() => interfaces.close())
  const addresses: string[] = []
  for (const listener of config.listen) {
    if (listener.kind !== 'c2s') continue
    const options = c2sOptionsOf(listener, config, development, clock)
    const c2s = new C2sListener(kernel, options)
    const port = await c2s.listen().catch((error: unknown) => failedToListen(listener.port, error))
    opened.on(() => c2s.close())
    addresses.push(`XMPP clients   ${options.address ?? '*'}:${port} (${options.tls?.mode ?? 'no TLS'})`)
  }
  return {
    kernel,
    addresses: [...addresses, ...interfaces.addresses],
    stop: () => opened.close((error) => kernel.report('stop_failed', error)),
  }
}

async function openKernel(config: Config, modules: ModuleRegistry, log: Log, opened: Opened): Promise<Kernel> {
  const logs = new AreaLogs(log, config.general.loglevel, config.log.level)
  const { data_dir: folder } = config.general
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const storage = await openStorage(config, WRITER, logs.area('storage'))
  opened.on(() => storage.close())
  const clock = systemClock()
  const kernel = new Kernel({ storage, stores: openStores(storage, () => clock.micros()), log: logs, modules, clock })
  const outbox = await openOutbox(storage, { writer: WRITER, clock: () => clock.micros() })
  opened.on(() => outbox.close())
  kernel.share(outboxKey, outbox)
  kernel.share(generalKey, config.general)
  kernel.share(softwareKey, software())
  kernel.share(
    archiveReader,
    userArchives(storage, (host) => settingsOf(kernel, host, 'mod_mam')),
  )
  showProcess(kernel)
  return kernel
}

/** The settings with which a module runs on a host type; undefined when it does not. */
function settingsOf(kernel: Kernel, host: Host, key: string): unknown {
  return kernel.modules.list(host).find((module) => module.key === key)?.settings
}

function failedToListen(port: number, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error)
  throw new Error(`cannot listen on port ${port}: ${reason}`, { cause: error })
}
