/** Loads a configuration file: a file is the whole configuration, nothing is merged in from elsewhere. */

import { type Values, record, section } from '../settings.ts'
import {
  generalSettings,
  instrumentationHandlers,
  instrumentationSettings,
  logSettings,
  shaperSettings,
  storageSettings,
} from './declarations/general.ts'
import { checkHostTypes, checkReferences } from './checks.ts'
import { Document } from './document.ts'
import { ConfigError } from './problem.ts'
import { mergeHostType, readHostConfigs, readSections } from './read-host-types.ts'
import { readListeners } from './read-listeners.ts'
import { mergePools } from './read-pools.ts'
import { type Path } from './read-settings.ts'
import { referenceDatabases, referenceInstrumentation, referenceServices } from './reference/parts.ts'
import { applyRenames } from './rename.ts'
import { takeStockCertificates } from './stock-certificates.ts'
import { type Config, type HostTypeConfig, type Instrumentation, type KnownParts } from './types.ts'

const topKeys = [
  'general',
  'listen',
  'auth',
  'outgoing_pools',
  'services',
  'modules',
  'shaper',
  'acl',
  'access',
  's2s',
  'instrumentation',
  'internal_databases',
  'host_config',
  'storage',
  'log',
]

/**
 * Reads the text of a configuration file. Names of files in it are relative to the folder of `file`, which is also the
 * name in messages. Values may stand in environment variables or files (see indirect.ts). Throws ConfigError with all the problems that there are.
 */
export function loadConfig(
  file: string,
  text: string,
  known: KnownParts,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const document = new Document(file, text, env)
  applyRenames(document)
  const stock = takeStockCertificates(document)
  for (const key of Object.keys(document.root)) if (!topKeys.includes(key)) document.unknownKey([key], topKeys)

  const general = document.read(generalSettings, ['general'])
  const storage = document.read(storageSettings, ['storage'])
  const log = document.read(logSettings, ['log'])
  const listen = readListeners(document, known, stock)
  const services = readServices(document, known)
  const shapers = readShapers(document)
  const instrumentation = readInstrumentation(document, known)
  const internalDatabases = readDatabases(document)
  noticeHostTypes(document, general?.host_types ?? [], services)

  const names = [...(general?.hosts ?? []), ...(general?.host_types ?? [])]
  if (general !== undefined) checkHostTypes(document, general)
  const common = readSections(document, [], known)
  const own = readHostConfigs(document, known, new Set(names))
  const pools = mergePools(common.pools, new Map([...own].map(([name, { pools: written }]) => [name, written])), names)
  checkReferences(document, { common, own, dynamicDomains: (general?.host_types.length ?? 0) > 0 })

  const hostTypes =
    general === undefined ? [] : names.map((name) => mergeHostType(name, general, common, own.get(name)))
  if (document.problems.length > 0 || general === undefined || storage === undefined || log === undefined) {
    throw new ConfigError(document.problems.sort((one, other) => one.line - other.line))
  }
  return {
    file,
    general,
    storage,
    log,
    listen,
    hostTypes: byName(hostTypes),
    pools,
    services,
    internalDatabases,
    shapers,
    instrumentation,
    notices: document.notices,
    secrets: [...document.secrets],
  }
}

function byName(hostTypes: readonly (HostTypeConfig | undefined)[]): Map<string, HostTypeConfig> {
  return new Map(hostTypes.flatMap((hostType) => (hostType === undefined ? [] : [[hostType.name, hostType]])))
}

function readShapers(document: Document): Map<string, number> {
  const written = document.table(['shaper']) ?? {}
  const read = document.read({ shaper: record(section(shaperSettings)) }, [], { shaper: written })
  return new Map([...(read?.shaper ?? [])].map(([name, { max_rate }]) => [name, max_rate]))
}

function readServices(document: Document, known: KnownParts): Map<string, unknown> {
  const services = new Map<string, unknown>()
  for (const name of Object.keys(document.table(['services']) ?? {})) {
    const path = ['services', name]
    const service = known.services.get(name)
    if (service !== undefined) services.set(name, document.read(service.settings, path))
    else if (name === 'service_mongoose_system_metrics')
      document.notice(path, 'has no effect: nothing is reported to anyone')
    else if (referenceServices.includes(name)) document.notBuilt(path, name)
    else document.unknownKey(path, new Set([...referenceServices, ...known.services.keys()]))
  }
  return services
}

function readInstrumentation(document: Document, known: KnownParts): Instrumentation {
  const top: Path = ['instrumentation']
  const common: Record<string, unknown> = {}
  const handlers: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(document.table(top) ?? {})) {
    const path = [...top, name]
    if (Object.hasOwn(instrumentationSettings, name)) common[name] = value
    else if (!isHandler(name))
      document.unknownKey(path, [...Object.keys(instrumentationSettings), ...referenceInstrumentation])
    else if (!known.instrumentation.has(name)) document.notBuilt(path, `instrumentation.${name}`)
    else {
      handlers[name] = document.read(instrumentationHandlers[name], path)
      if (name === 'log') document.notice(path, 'has no effect here: events are counted, not logged one by one')
    }
  }
  const values: Values<typeof instrumentationSettings> | undefined = document.read(instrumentationSettings, top, common)
  return { probe_interval: values?.probe_interval ?? 0, ...handlers }
}

const isHandler = (name: string): name is keyof typeof instrumentationHandlers =>
  Object.hasOwn(instrumentationHandlers, name)

/** Host types serve what is added to them. */
function noticeHostTypes(document: Document, names: readonly string[], services: ReadonlyMap<string, unknown>): void {
  if (names.length > 0 && !services.has('service_domain_db'))
    document.notice(['general', 'host_types'], 'get no domains without [services.service_domain_db]')
}

/** What MongooseIM keeps in these databases is in memory or in the main store here; their names are what the API tells. */
function readDatabases(document: Document): string[] {
  const written = document.table(['internal_databases'])
  if (written === undefined) return ['mnesia']
  for (const name of Object.keys(written)) {
    const path = ['internal_databases', name]
    if (referenceDatabases.includes(name)) document.notice(path, 'has no effect here')
    else document.unknownKey(path, referenceDatabases)
  }
  return Object.keys(written).toSorted()
}
