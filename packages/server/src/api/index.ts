/** The API, as the composition root sees it. */
export { ADMIN_PARTS, adminSchema } from './admin.ts'
export { type ArchivedMessage, type ArchiveReader, archiveReader } from './archive.ts'
export type { ApiContext, Role } from './context.ts'
export type { RequestHandler } from './endpoint.ts'
export { ApiError } from './errors.ts'
export { type GraphqlHandlerSettings, controlHandler, graphqlHandler, openAdminProblem } from './handler.ts'
export { healthHandler, metricsHandler, readyHandler } from './health.ts'
export {
  type Backup,
  LOG_LEVELS,
  type LogLevel,
  type NodeControl,
  type Phase,
  type ReloadReport,
  nodeControl,
} from './node-control.ts'
export { type ApiPart, type Resolver, resolver } from './part.ts'
