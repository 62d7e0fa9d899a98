/** The node: its state, its log level, its modules, and how to end it. */
import type { Host } from '../core/host.ts'
import { type ApiContext, sharedOrNone } from './context.ts'
import { ApiError } from './errors.ts'
import { type LogLevel, type NodeControl, nodeControl } from './node-control.ts'
import { type ApiPart, resolver } from './part.ts'

function control(context: ApiContext): NodeControl {
  const node = sharedOrNone(context.kernel, nodeControl)
  if (node === undefined) throw new ApiError('not_running', 'The node is not running yet')
  return node
}

function status(context: ApiContext) {
  const { version, commitHash } = control(context)
  const { node } = context.kernel
  return {
    statusCode: 'RUNNING',
    message: `The node ${node} is started. Status: started. Meerkat ${version} is running in that node.`,
    version,
    commitHash,
  }
}

function setLogLevel({ level }: { level: LogLevel }, context: ApiContext): string {
  control(context).setLogLevel(level)
  return 'Log level successfully set.'
}

/** Of a module's settings only those that say where it keeps its data: the others may hold secrets. */
function backends(settings: unknown): object[] {
  if (typeof settings !== 'object' || settings === null) return []
  return Object.entries(settings)
    .filter(([key, value]) => key.endsWith('backend') && value !== undefined)
    .map(([key, value]) => ({ key, value: String(value) }))
}

const describeHost = (host: Host, context: ApiContext) => ({
  name: host.type,
  modules: context.kernel.modules
    .list(host)
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, settings }) => ({ name: key, options: backends(settings) })),
  authMethods: host.accounts.methods.map((method) => method.name),
})

function globalInfo(context: ApiContext) {
  const { services, internalDatabases } = control(context)
  return { services: services.map((name) => ({ name })), internalDatabases }
}

/** Nodes belong together by configuration, so there is nothing for a command to join or leave. */
function notInCluster(context: ApiContext, name = context.kernel.node): never {
  throw new ApiError('not_in_cluster', `The node ${name} is not in the cluster`, { node: name })
}

/** MongooseIM's code for a node that it cannot reach. */
function cannotJoin(name: string): never {
  throw new ApiError('pang', `Timeout while attempting to connect to the node ${name}`, { node: name })
}

/** The part with the category `server`. */
export const serverPart: ApiPart = {
  category: 'server',
  sdl: `
extend type AdminQuery {
  "Server info and management"
  server: ServerAdminQuery @protected
}

extend type AdminMutation {
  "Server info and management"
  server: ServerAdminMutation @protected
}

"Reads the state of the node."
type ServerAdminQuery @protected(type: GLOBAL) {
  "Get the status of the server"
  status: Status
  "Get the node's log level"
  getLoglevel: LogLevel
  "Get the Erlang cookie: there is none here, so null"
  getCookie: String
  "List the host types with their modules and authentication methods"
  hostTypes: [HostTypeInfo!]!
  "List the services and internal databases of the configuration"
  globalInfo: GlobalInfo!
}

"Manages the node."
type ServerAdminMutation @protected(type: GLOBAL) {
  "Join a cluster; nodes are joined by configuration here, so this fails"
  joinCluster(node: String!): String
  "Leave the cluster; fails when the node is in none"
  leaveCluster: String
  "Remove a node from the cluster; fails when it is in none"
  removeFromCluster(node: String!): String
  "Stop the server and start it again"
  restart: String
  "Stop the server"
  stop: String
  "Remove a node from the cluster's tables; fails when it is in none"
  removeNode(node: String!): String
  "Set the node's log level"
  setLoglevel(level: LogLevel!): String
}

"The status of the server."
type Status @protected(type: GLOBAL) {
  statusCode: StatusCode
  message: String
  version: String
  commitHash: String
}

"Whether the server is running."
enum StatusCode {
  RUNNING
  NOT_RUNNING
}

"What is logged: events of this weight or more."
enum LogLevel {
  NONE
  EMERGENCY
  ALERT
  CRITICAL
  ERROR
  WARNING
  NOTICE
  INFO
  DEBUG
  ALL
}

"A setting of a module."
type ModuleOption @protected(type: GLOBAL) {
  key: String!
  value: String
}

"A running module."
type ModuleInfo @protected(type: GLOBAL) {
  name: String!
  "Where it keeps its data"
  options: [ModuleOption!]!
}

"A configured service."
type ServiceInfo @protected(type: GLOBAL) {
  name: String!
}

"What the whole node shares."
type GlobalInfo @protected(type: GLOBAL) {
  services: [ServiceInfo!]!
  internalDatabases: [String!]!
}

"A host type."
type HostTypeInfo @protected(type: GLOBAL) {
  name: String!
  modules: [ModuleInfo!]!
  authMethods: [String!]!
}
`,
  resolvers: {
    ServerAdminQuery: {
      status: resolver((_args, context) => status(context)),
      getLoglevel: resolver((_args, context) => control(context).logLevel),
      getCookie: resolver(() => null),
      hostTypes: resolver((_args, context) => context.kernel.hosts.types().map((host) => describeHost(host, context))),
      globalInfo: resolver((_args, context) => globalInfo(context)),
    },
    ServerAdminMutation: {
      joinCluster: resolver(({ node }: { node: string }) => cannotJoin(node)),
      leaveCluster: resolver((_args, context) => notInCluster(context)),
      removeFromCluster: resolver(({ node }: { node: string }, context) => notInCluster(context, node)),
      removeNode: resolver(({ node }: { node: string }, context) => notInCluster(context, node)),
      restart: resolver((_args, context) => {
        control(context).restart()
        return 'Restart scheduled'
      }),
      stop: resolver((_args, context) => {
        control(context).stop()
        return 'Stop scheduled'
      }),
      setLoglevel: resolver(setLogLevel),
    },
  },
}
