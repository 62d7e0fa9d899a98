/** Runs one GraphQL request: parse, limits, validation, permissions, execution; the answer with its HTTP status (reference §6.1). */
import { type DocumentNode, GraphQLError, type OperationDefinitionNode, execute, getOperationAST, parse } from 'graphql'
import type { ApiContext } from './context.ts'
import { type AnsweredError, RequestError, answerError, answerRefusal } from './errors.ts'
import { DOCUMENT_LIMITS, type DocumentLimits, requireSize } from './limits.ts'
import { requirePermissions } from './permissions.ts'
import type { ApiSchema } from './schema.ts'
import { coerceVariables, requireValid, withoutNulls } from './validate.ts'

/** What a caller wants done. */
export interface ApiRequest {
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>> | undefined
  readonly operationName?: string | undefined
  /** The request may change something: false for a GET. */
  readonly mayMutate?: boolean
}

/** An answer, ready to be written as JSON. */
export interface ApiAnswer {
  readonly status: number
  readonly body: { readonly data?: unknown; readonly errors?: readonly AnsweredError[] }
}

/** Executes a request. Never rejects: what goes wrong is in the answer, and what is a fault of ours is reported to the log. */
export async function executeRequest(
  api: ApiSchema,
  request: ApiRequest,
  context: ApiContext,
  limits: DocumentLimits = DOCUMENT_LIMITS,
): Promise<ApiAnswer> {
  const report = (error: unknown) => context.kernel.report('graphql_crash', error)
  try {
    const document = parseDocument(request.query, limits)
    requireSize(document, limits)
    const operation = findOperation(document, request.operationName)
    requireSupported(operation, context, request.mayMutate !== false)
    requireValid(api.schema, document)
    const variables = coerceVariables(api.schema, operation, request.variables ?? {})
    requirePermissions(api, document, operation, variables, context)
    const { data, errors } = await execute({
      schema: api.schema,
      document,
      contextValue: context,
      operationName: request.operationName ?? null,
      variableValues: withoutNulls(request.variables ?? {}),
    })
    if (errors === undefined) return { status: 200, body: { data } }
    return { status: 200, body: { errors: errors.map((error) => answerError(error, report)), data } }
  } catch (error) {
    return refused(error, report)
  }
}

/** The answer to a request that was not executed. */
export function refused(error: unknown, report: (error: unknown) => void): ApiAnswer {
  if (error instanceof RequestError) return { status: error.status, body: { errors: [answerRefusal(error)] } }
  report(error)
  const crash = { message: 'GraphQL Internal Server Error', extensions: { code: 'internal_server_error' } }
  return { status: 500, body: { errors: [crash] } }
}

function parseDocument(query: string, limits: DocumentLimits): DocumentNode {
  try {
    return parse(query, { maxTokens: limits.maxTokens, noLocation: false })
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    const line = error.locations?.[0]?.line ?? 1
    throw new RequestError(400, 'parser_error', `Cannot parse line ${line} because of ${error.message}`)
  }
}

function findOperation(document: DocumentNode, name: string | undefined): OperationDefinitionNode {
  const operation = getOperationAST(document, name)
  if (operation) return operation
  if (name !== undefined) throw new RequestError(400, 'operation_not_found', `There is no operation named ${name}`)
  throw new RequestError(400, 'operation_not_found', 'The operationName has to tell which operation to execute')
}

/** A subscription needs a stream of events; and what a mere link can trigger must change nothing. */
function requireSupported(operation: OperationDefinitionNode, context: ApiContext, mayMutate: boolean): void {
  const kind = operation.operation
  if (kind !== 'subscription' && (kind !== 'mutation' || mayMutate)) return
  const method = kind === 'mutation' ? 'GET' : context.method
  throw new RequestError(
    kind === 'mutation' ? 405 : 400,
    'unsupported_operation',
    `The ${method} execution method does not support ${kind} operations.`,
  )
}
