/** What goes wrong in the API. The codes are the snake_case words that MongooseIM's clients know. */
import { GraphQLError } from 'graphql'

/** A resolver's refusal: it becomes an entry in `errors`, with its code and details as extensions, and HTTP 200. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.details = details
  }
}

/** A request that is refused before anything of it is executed. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly status: number
  readonly code: string
  readonly path: readonly (string | number)[] | undefined

  constructor(status: number, code: string, message: string, path?: readonly (string | number)[]) {
    super(message)
    this.status = status
    this.code = code
    this.path = path
  }
}

/** One entry of `errors` in an answer. */
export interface AnsweredError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions: Readonly<Record<string, unknown>>
}

/** How a refused request is told. */
export function answerRefusal(error: RequestError): AnsweredError {
  const { message, path, code } = error
  return { message, ...(path === undefined ? {} : { path }), extensions: { code } }
}

/** How an error of execution is told; what no resolver meant to say is reported, and its words stay inside. */
export function answerError(error: GraphQLError, report: (error: unknown) => void): AnsweredError {
  const path = error.path === undefined ? {} : { path: error.path }
  const cause = error.originalError
  if (cause instanceof ApiError)
    return { message: cause.message, ...path, extensions: { ...cause.details, code: cause.code } }
  if (cause instanceof RequestError) return { message: cause.message, ...path, extensions: { code: cause.code } }
  const { code } = error.extensions
  if (cause === undefined || cause instanceof GraphQLError)
    return { message: error.message, ...path, extensions: { code: typeof code === 'string' ? code : 'resolver_error' } }
  report(cause)
  return { message: 'Unexpected resolver crash', ...path, extensions: { code: 'resolver_crash' } }
}
