/** How errors are told in answers. */
import { GraphQLError } from 'graphql'
import { ApiError, RequestError } from './errors.ts'

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
