/** Puts a server together from its configuration, starts it, and takes it apart again. */
import { mkdirSync } from 'node:fs'
import { StreamError } from '@meerkat/protocol'
import { type ReloadReport, archiveReader, nodeControl } from '../api/index.ts'
import type { Clock } from '../core/clock.ts'
import type { Config } from '../core/config/types.ts'
import type { Database } from '../core/database.ts'
import type { Host } from '../core/host.ts'
import { Kernel } from '../core/kernel.ts'
import { AreaLogs, type Log } from '../core/log.ts'
import type { ModuleRegistry } from '../core/manager.ts'
import { generalKey } from '../core/general.ts'
import { outboxKey } from '../core/outbox.ts'
import { shaperRatesKey } from '../core/shaper.ts'
import { softwareKey } from '../core/software.ts'
import { turn } from '../core/timers.ts'
import { C2sListener } from '../listeners/c2s/listener.ts'
import { userArchives } from '../modules/mam/api.ts'
import { openOutbox } from '../storage/outbox.ts'
import { lockFolder } from '../storage/sqlite/folder-lock.ts'
import { openStores } from '../storage/stores.ts'
import { c2sOptionsOf } from './c2s.ts'
import { watchCertificates } from './certificate-watch.ts'
import { ClockMark, RENEW_SECONDS } from './clock-mark.ts'
import { componentListeners } from './component.ts'
import { type Life, type ProcessControl, controlOf } from './control.ts'
import { developmentCertificate } from './certificates.ts'
import { DescriptorWatch } from './descriptor-watch.ts'
import { HeapWatch, LOOK_SECONDS } from './heap-watch.ts'
import { changedAuth, serveKeptDomains, startHost, stopHosts } from './hosts.ts'
import { Opened } from './opened.ts'
import { installationSecret } from './installation-secret.ts'
import { type Interfaces, inUrl, openInterfaces } from './interfaces.ts'
import { LoopWatch } from './loop-watch.ts'
import { openPools } from './pools.ts'
import { showProcess } from './process-metrics.ts'
import { PresentConfig, presentConfig } from './present-config.ts'
import { s2sOf } from './s2s.ts'
import type { Seat } from './seat.ts'
import { software } from './software.ts'
import { openUploads } from './uploads.ts'
import { openStorage, sqliteFile } from './storage.ts'

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

/** Starts a server. Rejects, with everything closed again, when a part cannot start; the message names it. */
export async function startServer(
  config: Config,
  modules: ModuleRegistry,
  log: Log,
  process: ProcessControl,
  seat?: Seat,
): Promise<Server> {
  const opened = new Opened()
  try {
    const present = new PresentConfig(config)
    const server = await start(present, modules, log, opened, seat)
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
  seat: Seat | undefined,
): Promise<Omit<Server, 'reload'>> {
  const config = present.started
  const { event_loop_limit: limit } = config.general
  const watch = limit === Infinity ? undefined : new LoopWatch(limit)
  const kernel = await openKernel(present, modules, log, opened, seat, watch)
  for (const pool of openPools(config.pools, kernel.logs.area('pools'))) {
    kernel.addPool(pool.type, pool.tag, pool.value, pool.hostType)
    pool.show(
      kernel.metrics.scope({ pool_tag: pool.tag, ...(pool.hostType !== undefined && { host_type: pool.hostType }) }),
    )
    opened.on(`pool ${pool.type} ${pool.tag}`, () => pool.close())
  }
  await openUploads(kernel, config)
  opened.on('hosts and their modules', () => stopHosts(kernel))
  for (const hostType of config.hostTypes.values()) await startHost(kernel, present, hostType)
  // Before the modules are stopped and the store closes.
  opened.on('eraser', () => kernel.eraser.stop())
  if (config.services.has('service_domain_db')) await serveKeptDomains(kernel)
  await kernel.eraser.resume()
  present.follow((next) => changedAuth(kernel, next))
  // Behind the timers, without which nothing is sent again, and before the modules, which must not wait for other nodes.
  opened.on('cluster', () => kernel.cluster?.close())
  opened.on('timers', turn(kernel.timers))
  watchSupplies(present, kernel)
  if (watch !== undefined)
    watchLoop(watch, kernel, opened, seat?.beside === undefined && sqliteFile(config) !== undefined)
  const development = await developmentCertificate(
    config.general.data_dir,
    [...config.hostTypes.values()].flatMap((type) => type.domains),
  )
  const s2s = s2sOf(kernel, config, development)
  // Behind everyone who may still have something to say to others.
  opened.on('federation', () => s2s?.federation.close())
  // R20: nobody sends anything any more, and what is on its way arrives.
  opened.on('stanzas on their way', async () => {
    if (!(await kernel.router.idle(IDLE_SECONDS)))
      kernel.log.warn({ what: 'deliveries_given_up' }, 'some stanzas were on their way for too long')
    await kernel.cluster?.drained(IDLE_SECONDS)
  })
  // What clients may not have goes into storage.
  opened.on('sessions', () => kernel.endSessions(new StreamError('system-shutdown')))

  watchCertificates(kernel, present, development)
  // Before the listeners for clients, so that it closes behind them: while they are drained it tells that the node is not ready.
  const interfaces: Interfaces = await openInterfaces(kernel, config, development, seat?.beside === undefined)
  opened.on('HTTP', () => interfaces.close())
  const addresses: string[] = []
  // Before the listeners for clients, too: components hear of clients that leave.
  for (const { options, listener } of componentListeners(kernel, config, development)) {
    const port = await listener.listen().catch((error: unknown) => failedToListen(options.port, error))
    opened.on(`listener ${port}`, () => listener.close())
    addresses.push(`Components     ${inUrl(options.address ?? '*')}:${port} (${options.tls?.mode ?? 'no TLS'})`)
  }
  for (const { options, listener } of s2s?.listeners ?? []) {
    const port = await listener.listen().catch((error: unknown) => failedToListen(options.port, error))
    opened.on(`listener ${port}`, () => listener.close())
    addresses.push(`Other servers  ${inUrl(options.address ?? '*')}:${port} (${options.tls?.mode ?? 'no TLS'})`)
  }
  for (const listener of config.listen) {
    if (listener.kind !== 'c2s') continue
    const options = c2sOptionsOf(listener, kernel, development)
    const c2s = new C2sListener(kernel, options)
    const port = await c2s.listen().catch((error: unknown) => failedToListen(listener.port, error))
    opened.on(`listener ${port}`, () => c2s.close())
    addresses.push(`XMPP clients   ${inUrl(options.address ?? '*')}:${port} (${options.tls?.mode ?? 'no TLS'})`)
  }
  return {
    kernel,
    addresses: [...addresses, ...interfaces.addresses],
    stop: () => opened.close((what, error) => kernel.report(what, error)),
  }
}

/** R22, R23: looks after the heap and the file descriptors. */
function watchSupplies(present: PresentConfig, kernel: Kernel): void {
  const heap = new HeapWatch(kernel, () => present.current.general.max_heap_use)
  const descriptors = new DescriptorWatch(kernel.log)
  kernel.room.look = () => heap.look()
  kernel.timers.every(LOOK_SECONDS, () => {
    heap.look()
    descriptors.look()
  })
}

/** R21: looks after the event loop. */
function watchLoop(watch: LoopWatch, kernel: Kernel, opened: Opened, hosted: boolean): void {
  watch.begin(kernel.log, kernel.metrics.scope(), hosted)
  opened.on('watch over the event loop', () => watch.close())
  const beat = kernel.timers.every(0, () => watch.beat())
  opened.on('beats of the event loop', () => beat.cancel())
}

async function openKernel(
  present: PresentConfig,
  modules: ModuleRegistry,
  log: Log,
  opened: Opened,
  seat: Seat | undefined,
  watch: LoopWatch | undefined,
): Promise<Kernel> {
  const config = present.started
  const logs = new AreaLogs(log, config.general.loglevel, config.log.level)
  const { storage, clock, mark } =
    seat?.beside === undefined ? await openStore(config, logs, opened, watch) : besides(seat.beside)
  const stores = openStores(storage, () => clock.micros())
  const secret = await installationSecret(storage)
  const transport = seat?.transport
  const kernel = new Kernel({ storage, stores, log: logs, modules, clock, secret, transport })
  if (mark !== undefined) kernel.timers.every(RENEW_SECONDS, () => void mark.renew())
  const outbox = await openOutbox(storage, { writer: seat?.node ?? WRITER, clock: () => clock.micros() })
  opened.on('outbox', () => outbox.close())
  kernel.share(outboxKey, outbox)
  kernel.share(presentConfig, present)
  kernel.share(generalKey, {
    get registration_timeout() {
      return present.current.general.registration_timeout
    },
    language: config.general.language,
  })
  kernel.share(shaperRatesKey, (name) => present.current.shapers.get(name))
  kernel.share(softwareKey, software())
  kernel.share(
    archiveReader,
    userArchives(storage, (host) => settingsOf(kernel, host, 'mod_mam')),
  )
  showProcess(kernel)
  storage.show?.(kernel.metrics.scope({ pool_tag: 'default' }))
  return kernel
}

/** What a server keeps, and where its times come from. */
interface Store {
  readonly storage: Database
  readonly clock: Clock
  readonly mark: ClockMark | undefined
}

async function openStore(config: Config, logs: AreaLogs, opened: Opened, watch?: LoopWatch): Promise<Store> {
  const { data_dir: folder } = config.general
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = lockFolder(folder)
  opened.on('folder lock', () => lock.release())
  const storage = await openStorage(config, WRITER, logs.area('storage'), watch?.guest)
  opened.on('storage', () => storage.close())
  // R9: the times that this process gives are above those of the ones before it.
  const mark = await ClockMark.open(storage, WRITER, logs.area('core'))
  opened.on('clock mark', () => mark.close())
  return { storage, clock: mark.clock, mark }
}

const besides = ({ storage, clock }: Kernel): Store => ({ storage, clock, mark: undefined })

/** The settings with which a module runs on a host type; undefined when it does not. */
function settingsOf(kernel: Kernel, host: Host, key: string): unknown {
  return kernel.modules.list(host).find((module) => module.key === key)?.settings
}

function failedToListen(port: number, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error)
  throw new Error(`cannot listen on port ${port}: ${reason}`, { cause: error })
}
