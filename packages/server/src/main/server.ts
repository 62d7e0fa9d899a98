/** Puts a server together from its configuration, starts it, and takes it apart again. */
import { mkdirSync } from 'node:fs'
import { StreamError } from '@meerkat/protocol'
import { type ReloadReport, archiveReader, nodeControl } from '../api/index.ts'
import { accessRule } from '../core/access.ts'
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
import { lockFolder } from '../storage/sqlite/folder-lock.ts'
import { openStores } from '../storage/stores.ts'
import { accountsOf } from './auth.ts'
import { c2sOptionsOf } from './c2s.ts'
import { watchCertificates } from './certificate-watch.ts'
import { ClockMark, RENEW_SECONDS } from './clock-mark.ts'
import { type Life, type ProcessControl, controlOf } from './control.ts'
import { developmentCertificate } from './certificates.ts'
import { type Interfaces, openInterfaces } from './interfaces.ts'
import { openPools } from './pools.ts'
import { showProcess } from './process-metrics.ts'
import { PresentConfig } from './reload.ts'
import { software } from './software.ts'
import { openStorage } from './storage.ts'

/** A running server. */
export interface Server {
  readonly kernel: Kernel
  /** What it listens on, one line each. */
  readonly addresses: readonly string[]
  /** Stops: no new connections, streams closed, everything in line committed, events as far as sinks take them. */
  stop(): Promise<void>
  /** Reads the configuration anew and applies what can change; what is wrong is in the report. */
  reload(): Promise<ReloadReport>
}

/** The name under which this process writes events; one process per data folder. */
const WRITER = 'meerkat@localhost'

/** How long a server that stops waits for stanzas that are on their way, in seconds. */
const IDLE_SECONDS = 5

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
    const present = new PresentConfig(config)
    const server = await start(present, modules, log, opened)
    const life: Life = { phase: 'started' }
    const control = controlOf(server.kernel, config, software().version, process, life, present)
    server.kernel.share(nodeControl, control)
    const stop = (): Promise<void> => {
      // Told before anything closes, so that load balancers send nobody here any more.
      life.phase = 'stopping'
      return server.stop()
    }
    return { ...server, stop, reload: () => control.reload() }
  } catch (error) {
    await opened.close(() => undefined)
    throw error
  }
}

async function start(
  present: PresentConfig,
  modules: ModuleRegistry,
  log: Log,
  opened: Opened,
): Promise<Omit<Server, 'reload'>> {
  const config = present.started
  const kernel = await openKernel(present, modules, log, opened)
  for (const pool of openPools(config.pools, kernel.logs.area('pools'))) {
    kernel.addPool(pool.type, pool.tag, pool.value, pool.hostType)
    pool.show(kernel.metrics.scope({ pool_tag: pool.tag, host_type: pool.hostType ?? 'global' }))
    opened.on(() => pool.close())
  }
  for (const hostType of config.hostTypes.values()) {
    const accounts = accountsOf(hostType.auth, kernel.storage)
    const isHosted = (domain: string): boolean => kernel.hosts.of(domain) !== undefined
    const host = kernel.addHost(hostType.name, hostType.domains, accounts, (rule, user, domain, undefinedRule) =>
      accessRule(present.current.hostTypes.get(hostType.name) ?? hostType, rule, user, domain, isHosted, undefinedRule),
    )
    opened.on(() => kernel.modules.stopAll(host))
    await kernel.modules.startAll(host, hostType.modules)
  }
  opened.on(turn(kernel.timers))
  // R20: nobody sends anything any more, and what is on its way arrives.
  opened.on(async () => {
    if (!(await kernel.router.idle(IDLE_SECONDS)))
      kernel.log.warn({ what: 'deliveries_given_up' }, 'some stanzas were on their way for too long')
  })
  // What clients may not have goes into storage.
  opened.on(() => kernel.endSessions(new StreamError('system-shutdown')))

  const development = await developmentCertificate(
    config.general.data_dir,
    [...config.hostTypes.values()].flatMap((type) => type.domains),
  )
  watchCertificates(kernel, config, development)
  // Before the listeners for clients, so that it closes behind them: while they are drained it tells that the node is not ready.
  const interfaces: Interfaces = await openInterfaces(kernel, config, development)
  opened.on(() => interfaces.close())
  const addresses: string[] = []
  for (const [index, listener] of config.listen.entries()) {
    if (listener.kind !== 'c2s') continue
    const options = c2sOptionsOf(listener, config, development, kernel.clock)
    present.c2s.push({ index, options })
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

async function openKernel(present: PresentConfig, modules: ModuleRegistry, log: Log, opened: Opened): Promise<Kernel> {
  const config = present.started
  const logs = new AreaLogs(log, config.general.loglevel, config.log.level)
  const { data_dir: folder } = config.general
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = lockFolder(folder)
  opened.on(() => lock.release())
  const storage = await openStorage(config, WRITER, logs.area('storage'))
  opened.on(() => storage.close())
  // R9: the times that this process gives are above those of the ones before it.
  const mark = await ClockMark.open(storage, WRITER, logs.area('core'))
  opened.on(() => mark.close())
  const { clock } = mark
  const kernel = new Kernel({ storage, stores: openStores(storage, () => clock.micros()), log: logs, modules, clock })
  kernel.timers.every(RENEW_SECONDS, () => void mark.renew())
  const outbox = await openOutbox(storage, { writer: WRITER, clock: () => clock.micros() })
  opened.on(() => outbox.close())
  kernel.share(outboxKey, outbox)
  kernel.share(generalKey, {
    get registration_timeout() {
      return present.current.general.registration_timeout
    },
    language: config.general.language,
  })
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
