/** What a feature brings to the API: a part of the schema, and the functions behind its fields, side by side. */
import type { ApiContext } from './context.ts'

/** Answers one field. `args` are coerced and checked by the schema; throws ApiError for what the caller should know. */
export type Resolver = (args: Readonly<Record<string, unknown>>, context: ApiContext) => unknown

/** The resolvers of one type, by field. */
export type Resolvers = Readonly<Record<string, Resolver>>

/** Opens a stream of events for a field of a subscription; each event becomes the field's value. Ends when it is returned. */
export type Stream = (
  args: Readonly<Record<string, unknown>>,
  context: ApiContext,
) => AsyncIterable<unknown> | Promise<AsyncIterable<unknown>>

/** One category of the API: what a module lists in its `api.ts`. */
export interface ApiPart {
  /** The field of the root types, and the name for `allowed_categories`. */
  readonly category: string
  /**
   * Schema text. It hangs its types on the root types with `extend type AdminQuery { … }`, and every field or its type declares who may
   * see it: `@protected` or `@public`.
   */
  readonly sdl: string
  /** Resolvers by type and field, for all fields with work behind them; other fields are read from their parent's answer. */
  readonly resolvers: Readonly<Record<string, Resolvers>>
  /** What opens the streams behind the fields of subscriptions, by type and field. */
  readonly streams?: Readonly<Record<string, Readonly<Record<string, Stream>>>>
}

/** Declares a resolver with the types that the schema gives its arguments: an argument that may be missing is `undefined` or null. */
export const resolver = <A extends object>(resolve: (args: A, context: ApiContext) => unknown): Resolver =>
  resolve as unknown as Resolver

/** Declares a stream with the types that the schema gives its arguments. */
export const stream = <A extends object>(
  open: (args: A, context: ApiContext) => AsyncIterable<unknown> | Promise<AsyncIterable<unknown>>,
): Stream => open as unknown as Stream
