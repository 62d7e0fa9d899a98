/** Runs one GraphQL request: parse, limits, validation, permissions, execution; the answer with its HTTP status (as in MongooseIM). */
import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type OperationDefinitionNode,
  execute,
  getOperationAST,
  parse,
  subscribe,
} from 'graphql'
import { type AnsweredError, answerError, answerRefusal } from './answers.ts'
import { Budget } from './budget.ts'
import type { ApiContext } from './context.ts'
import { RequestError } from './errors.ts'
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
  try {
    const supported = request.mayMutate === false ? ['query'] : ['query', 'mutation']
    return answered(await execute(prepare(api, request, context, limits, supported)), context)
  } catch (error) {
    return refused(error, reporter(context))
  }
}

/** Opens the stream of a subscription, or answers why it cannot. Never rejects. */
export async function executeStream(
  api: ApiSchema,
  request: ApiRequest,
  context: ApiContext,
  limits: DocumentLimits = DOCUMENT_LIMITS,
): Promise<ApiAnswer | AsyncGenerator<ApiAnswer['body'], void, void>> {
  try {
    const opened = await subscribe(prepare(api, request, context, limits, ['subscription']))
    if (Symbol.asyncIterator in opened) return bodies(opened, context)
    // Nothing has run: a stream that cannot be opened is a request that is refused.
    const { status, body } = answered(opened, context)
    const denied = body.errors?.some((error) => error.extensions['code'] === 'no_permissions') === true
    return {
      status: denied ? 401 : status === 200 ? 400 : status,
      body: { ...(body.errors && { errors: body.errors }) },
    }
  } catch (error) {
    return refused(error, reporter(context))
  }
}

/** Each event as the body of an answer; ending this ends the stream. */
function bodies(
  stream: AsyncGenerator<ExecutionResult, void, void>,
  context: ApiContext,
): AsyncGenerator<ApiAnswer['body'], void, void> {
  const body = ({ value, done }: IteratorResult<ExecutionResult, void>): IteratorResult<ApiAnswer['body'], void> =>
    done === true ? { value: undefined, done } : { value: answered(value, context).body, done: false }
  return {
    // No generator function: its `return` would wait for the next event.
    next: async () => body(await stream.next()),
    return: async () => body(await stream.return()),
    throw: async (error) => body(await stream.throw(error)),
    [Symbol.asyncIterator]() {
      return this
    },
    [Symbol.asyncDispose]: async () => void (await stream.return()),
  }
}

const reporter = (context: ApiContext) => (error: unknown) => context.kernel.report('graphql_crash', error)

function answered({ data, errors }: ExecutionResult, context: ApiContext): ApiAnswer {
  if (errors === undefined) return { status: 200, body: { data } }
  return { status: 200, body: { errors: errors.map((error) => answerError(error, reporter(context))), data } }
}

/** Everything up to execution; throws RequestError. */
function prepare(
  api: ApiSchema,
  request: ApiRequest,
  context: ApiContext,
  limits: DocumentLimits,
  supported: readonly string[],
): ExecutionArgs {
  const document = parseDocument(request.query, limits)
  requireSize(document, limits)
  const operation = findOperation(document, request.operationName)
  requireSupported(operation, context, supported)
  requireValid(api.schema, document)
  const variables = coerceVariables(api.schema, operation, request.variables ?? {})
  requirePermissions(api, document, operation, variables, context)
  return {
    schema: api.schema,
    document,
    contextValue: operation.operation === 'subscription' ? context : withBudget(context),
    operationName: request.operationName ?? null,
    variableValues: withoutNulls(request.variables ?? {}),
  }
}

const withBudget = (context: ApiContext): ApiContext => ({ budget: new Budget(context.method), ...context })

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
function requireSupported(operation: OperationDefinitionNode, context: ApiContext, supported: readonly string[]): void {
  const kind = operation.operation
  if (supported.includes(kind)) return
  const byLink = kind === 'mutation' && supported.includes('query')
  const method = supported.includes('subscription') ? 'sse' : byLink ? 'GET' : context.method
  throw new RequestError(
    byLink ? 405 : 400,
    'unsupported_operation',
    `The ${method} execution method does not support ${kind} operations.`,
  )
}
