/**
 * CETS is how nodes of MongooseIM share what they keep in memory. Nodes tell each other of their sessions here, without tables: where the
 * configuration has `[internal_databases.cets]`, there are none, and the nodes that are told of are those that are there.
 */
import type { ApiContext } from './context.ts'
import { type ApiPart, resolver } from './part.ts'

/** Nodes find each other by configuration, and each has all of the others or it is not there. */
function systemInfo({ kernel }: ApiContext): Record<string, readonly string[] | boolean> {
  const others = kernel.hosts.types()[0]?.nodes.names() ?? []
  const nodes = [kernel.node, ...others].toSorted()
  return {
    availableNodes: nodes,
    unavailableNodes: [],
    joinedNodes: nodes,
    discoveredNodes: nodes,
    remoteNodesWithoutDisco: [],
    remoteNodesWithUnknownTables: [],
    remoteUnknownTables: [],
    remoteNodesWithMissingTables: [],
    remoteMissingTables: [],
    conflictNodes: [],
    conflictTables: [],
    discoveryWorks: true,
  }
}

/** The part with the category `cets`. */
export const cetsPart: ApiPart = {
  category: 'cets',
  sdl: `
extend type AdminQuery {
  "How nodes belong together, as MongooseIM tells it of CETS"
  cets: CETSAdminQuery @protected
}

"Reads how nodes belong together; without [internal_databases.cets] each field answers deps_not_loaded."
type CETSAdminQuery @protected(type: GLOBAL) @use(internal_databases: ["cets"]) {
  "List the tables of this node: there are none"
  tableInfo: [CETSTableInfo]
  "Get the nodes that are there"
  systemInfo: CETSSystemInfo
}

"A table."
type CETSTableInfo @protected(type: GLOBAL) {
  tableName: String
  memory: Int
  size: Int
  nodes: [String]
}

"The state of CETS."
type CETSSystemInfo @protected(type: GLOBAL) {
  availableNodes: [String]
  unavailableNodes: [String]
  joinedNodes: [String]
  discoveredNodes: [String]
  remoteNodesWithoutDisco: [String]
  remoteNodesWithUnknownTables: [String]
  remoteUnknownTables: [String]
  remoteNodesWithMissingTables: [String]
  remoteMissingTables: [String]
  conflictNodes: [String]
  conflictTables: [String]
  discoveryWorks: Boolean
}
`,
  resolvers: {
    CETSAdminQuery: {
      tableInfo: resolver(() => []),
      systemInfo: resolver((_args, context) => systemInfo(context)),
    },
  },
}
