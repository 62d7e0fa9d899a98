/** The configuration as the rest of the server sees it: checked, with defaults filled in and merged per host type. */

import { type AccessRules } from '../access.ts'
import { type Settings, type Values } from '../settings.ts'
import { type authMethodSettings, type authSettings } from './declarations/auth.ts'
import {
  type generalSettings,
  type hostGeneralSettings,
  type instrumentationHandlers,
  type instrumentationSettings,
  type logSettings,
  type storageSettings,
} from './declarations/general.ts'
import { type handlerSettings } from './declarations/http-handlers.ts'
import { type listenerSettings } from './declarations/listeners.ts'
import { type poolSettings } from './declarations/pools.ts'

/** What the composition root has built: only this may be switched on. */
export interface KnownParts {
  /** By key: `mod_ping`. */
  readonly modules: ReadonlyMap<string, { readonly settings: Settings }>
  /** Kinds of listeners: `c2s`. */
  readonly listeners: ReadonlySet<string>
  /** Kinds of handlers of HTTP listeners: `mongoose_graphql_handler`. */
  readonly httpHandlers: ReadonlySet<string>
  /** Authentication methods: `internal`. */
  readonly auth: ReadonlySet<string>
  /** Types of pools: `rabbit`. */
  readonly pools: ReadonlySet<string>
  /** By key: `service_domain_db`. */
  readonly services: ReadonlyMap<string, { readonly settings: Settings }>
  /** Handlers of `[instrumentation]`: `prometheus`. */
  readonly instrumentation: ReadonlySet<string>
  /** The settings of `[s2s]`; left out when servers are not spoken to. */
  readonly s2s?: Settings
}

/** A whole configuration. */
export interface Config {
  /** The file as it was named. */
  readonly file: string
  readonly general: Values<typeof generalSettings>
  readonly storage: Values<typeof storageSettings>
  readonly log: Values<typeof logSettings>
  readonly listen: readonly Listener[]
  /** By name, in the order of the file: static hosts, each its own host type, then host types. */
  readonly hostTypes: ReadonlyMap<string, HostTypeConfig>
  readonly pools: readonly Pool[]
  /** The validated settings of each service. */
  readonly services: ReadonlyMap<string, unknown>
  /** Names of `[internal_databases]`: nothing is kept in them, and clients of the API ask for them. */
  readonly internalDatabases: readonly string[]
  /** Name of a shaper to its rate in units a second; `none` is not among them. */
  readonly shapers: ReadonlyMap<string, number>
  readonly instrumentation: Instrumentation
  /** Values that must never be printed. */
  readonly secrets: readonly string[]
  /** What the operator should know about accepted settings, one sentence each. */
  readonly notices: readonly string[]
}

/** What holds for the domains of one host type. */
export interface HostTypeConfig {
  readonly name: string
  /** The domains from the file; domains added later are not here. */
  readonly domains: readonly string[]
  readonly general: Values<typeof hostGeneralSettings> & { readonly replaced_wait_timeout: number }
  readonly auth: Auth
  /** The validated settings of each module. */
  readonly modules: ReadonlyMap<string, unknown>
  readonly access: AccessRules
  /** The validated settings of `[s2s]`; undefined when the server has none. */
  readonly s2s: unknown
}

/** A listener of the kind `K`. */
export interface ListenerOf<K extends keyof typeof listenerSettings> {
  readonly kind: K
  readonly port: number
  /** Undefined: all addresses. */
  readonly ip_address: string | undefined
  readonly settings: Values<(typeof listenerSettings)[K]>
  /** Empty for all kinds but `http`. */
  readonly handlers: readonly HttpHandler[]
}

/** A listener of any kind; `kind` tells which. */
export type Listener = { [K in keyof typeof listenerSettings]: ListenerOf<K> }[keyof typeof listenerSettings]

/** A handler of an HTTP listener; `kind` tells which. */
export type HttpHandler = {
  [K in keyof typeof handlerSettings]: { readonly kind: K; readonly settings: Values<(typeof handlerSettings)[K]> }
}[keyof typeof handlerSettings]

/** A pool of the type `T`. */
export interface PoolOf<T extends keyof typeof poolSettings> {
  readonly type: T
  readonly tag: string
  /** The host type that it serves; undefined for all. A pool of its own goes before one for all. */
  readonly hostType: string | undefined
  readonly settings: Values<(typeof poolSettings)[T]>
}

/** A pool of any type; `type` tells which. */
export type Pool = { [T in keyof typeof poolSettings]: PoolOf<T> }[keyof typeof poolSettings]

/** `[auth]` of a host type. */
export interface Auth extends Values<Omit<typeof authSettings, 'methods'>> {
  /** In the order in which they are asked. */
  readonly methods: readonly AuthMethodConfig[]
}

/** A method of authentication; `name` tells which. */
export type AuthMethodConfig = {
  [M in keyof typeof authMethodSettings]: {
    readonly name: M
    readonly settings: Values<(typeof authMethodSettings)[M]>
  }
}[keyof typeof authMethodSettings]

/** `[instrumentation]`: a handler is undefined when it has no section. */
export type Instrumentation = Values<typeof instrumentationSettings> & {
  readonly [H in keyof typeof instrumentationHandlers]?: Values<(typeof instrumentationHandlers)[H]>
}
