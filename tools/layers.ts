/** Who may import whom: the table that tools/check-imports.ts holds the repository to. What is not listed is forbidden. */

/** What one layer may import. `name` stands for values and types, `name types` for types only. */
export interface Layer {
  /** Its folder or file. */
  readonly path: string
  /** Other layers. Inside itself a layer imports what it likes, except a module (see `features`). */
  readonly ours: readonly string[]
  /** Node's built-in modules, without `node:`; `*` for all. Types of any are always allowed. */
  readonly node: readonly string[]
  /** Packages from npm, as far as package.json declares them; `*` for all. */
  readonly npm: readonly string[]
}

const harmless = [
  'assert',
  'async_hooks',
  'buffer',
  'crypto',
  'events',
  'os',
  'path',
  'querystring',
  'string_decoder',
  'url',
  'util',
]
const noSockets = [...harmless, 'fs', 'fs/promises', 'perf_hooks', 'process', 'stream', 'v8', 'worker_threads', 'zlib']

/**
 * Every layer by its name. Storage and pools implement interfaces that core defines, and throw the errors that belong
 * to them: so they import core, and core, which is handed its stores by main.ts, never them.
 */
export const layers: Readonly<Record<string, Layer>> = {
  xml: { path: 'packages/xml', ours: [], node: ['buffer'], npm: [] },
  protocol: { path: 'packages/protocol', ours: ['xml'], node: ['buffer', 'crypto', 'string_decoder'], npm: [] },
  client: { path: 'packages/client', ours: ['protocol', 'xml'], node: ['*'], npm: [] },
  load: { path: 'packages/load', ours: ['client', 'protocol', 'xml'], node: ['*'], npm: ['*'] },
  push: { path: 'packages/push', ours: [], node: ['*'], npm: ['*'] },
  console: { path: 'packages/console', ours: ['api types'], node: [], npm: ['*'] },

  core: {
    path: 'packages/server/src/core',
    ours: ['protocol', 'xml'],
    node: [...harmless, 'perf_hooks', 'process', 'timers', 'timers/promises'],
    npm: ['lru-cache', 'pino', 'prom-client', 'smol-toml'],
  },
  storage: {
    path: 'packages/server/src/storage',
    ours: ['core', 'pools types', 'protocol', 'xml'],
    node: [...noSockets, 'sqlite'],
    npm: ['kysely', 'lru-cache'],
  },
  pools: { path: 'packages/server/src/pools', ours: ['core', 'protocol', 'xml'], node: ['*'], npm: ['*'] },
  listeners: {
    path: 'packages/server/src/listeners',
    ours: ['core', 'protocol', 'xml'],
    node: ['*'],
    npm: ['lru-cache', 'ws'],
  },
  auth: {
    path: 'packages/server/src/auth',
    ours: ['core', 'protocol', 'xml', 'storage types', 'pools types'],
    node: harmless,
    npm: ['jose', 'lru-cache'],
  },
  modules: {
    path: 'packages/server/src/modules',
    ours: ['core', 'protocol', 'xml', 'storage types', 'pools types'],
    node: harmless,
    npm: ['graphql', 'jose', 'kysely', 'lru-cache'],
  },
  api: {
    path: 'packages/server/src/api',
    ours: ['core', 'modules', 'protocol', 'xml'], // of the modules only api.ts
    node: [...harmless, 'process', 'stream'],
    npm: ['graphql', 'graphql-yoga', 'prom-client'],
  },
  cli: { path: 'packages/server/src/cli', ours: [], node: ['*'], npm: ['commander', 'graphql', 'smol-toml'] },
  testing: {
    path: 'packages/server/src/testing',
    ours: ['core', 'modules', 'storage', 'auth', 'pools', 'protocol', 'xml'],
    node: noSockets,
    npm: [],
  },
  main: { path: 'packages/server/src/main.ts', ours: ['*'], node: ['*'], npm: ['*'] },
  'main/': { path: 'packages/server/src/main', ours: ['*'], node: ['*'], npm: ['*'] },

  e2e: { path: 'e2e', ours: ['client', 'protocol', 'xml'], node: ['*'], npm: ['*'] },
  interop: { path: 'interop', ours: ['client', 'e2e', 'protocol', 'xml'], node: ['*'], npm: ['*'] },
  bench: { path: 'bench', ours: ['client', 'load', 'protocol', 'xml'], node: ['*'], npm: ['*'] },
  tools: { path: 'tools', ours: ['*'], node: ['*'], npm: ['*'] },
}

/** Single files that may import more than their layer, each with its reason: `file -> import`. */
export const exceptions: ReadonlyMap<string, string> = new Map([
  [
    'packages/server/src/core/settings.ts -> node:fs',
    'a setting that names a file is refused at start when there is none',
  ],
  ['packages/server/src/core/spare.ts -> node:v8', 'threads of every layer give back what they do not need'],
  ['packages/server/src/core/spare.ts -> node:vm', 'a new context is where V8 hands out its collector'],
  ['packages/server/src/core/config/indirect.ts -> node:fs', 'a setting may say in which file its value stands'],
])

/** Names that are mere functions of their arguments, wherever Node keeps them. */
export const pure: ReadonlySet<string> = new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'STATUS_CODES'])

/** Database drivers and broker clients: only pools load them. */
export const drivers =
  /^(?:pg|mysql2|mariadb|cassandra-driver|ldapts|amqplib|ioredis|redis|kafkajs|nats|@(?:elastic|opensearch-project|redis|platformatic|nats-io|aws-sdk)\/.*)$/

/** Files of a module that other modules, and the API, may import. */
export const doors = /\/(?:hooks|api)\.ts$/

/** Files of the API that the command line may import: the generated schema. */
export const schema = /^packages\/server\/src\/api\/.*(?:\.generated\.|\/generated\/)/

/** Globals by which a module would start a timer or open a socket of its own. */
export const smuggled = /(?<![.\w$])(?:setTimeout|setInterval|setImmediate|fetch|WebSocket|EventSource)(?=\s*\()/g
