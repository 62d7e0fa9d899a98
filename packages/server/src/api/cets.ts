/** CETS is how nodes of MongooseIM share what they keep in memory. There is none here, and every question is answered so. */
import type { ApiPart } from './part.ts'

/** The part with the category `cets`. */
export const cetsPart: ApiPart = {
  category: 'cets',
  sdl: `
extend type AdminQuery {
  "Tables that nodes of MongooseIM share; there are none here"
  cets: CETSAdminQuery @protected
}

"Reads what there is not: each field answers deps_not_loaded."
type CETSAdminQuery @protected(type: GLOBAL) @use(internal_databases: ["cets"]) {
  "List the tables of this node"
  tableInfo: [CETSTableInfo]
  "Get the state of CETS"
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
  resolvers: {},
}
