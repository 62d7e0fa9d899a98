/** The API, as the composition root sees it. */
export { type ArchivedMessage, type ArchiveReader, archiveReader } from './archive.ts'
export type { ApiContext, Role } from './context.ts'
export type { RequestHandler } from './endpoint.ts'
export { ApiError } from './errors.ts'
export { type GraphqlHandlerSettings, controlHandler, graphqlHandler, openAdminProblem } from './handler.ts'
export { goneHandler } from './gone.ts'
export { healthHandler, metricsHandler, readyHandler } from './health.ts'
export {
  type ArchivedFile,
  type Backup,
  LOG_LEVELS,
  type LogLevel,
  type NodeControl,
  type Phase,
  type ReloadReport,
  nodeControl,
} from './node-control.ts'
export { type ApiPart, type Resolver, resolver } from './part.ts'
export { type ServerConnections, serverConnections } from './server-connections.ts'
