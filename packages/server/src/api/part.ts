/** What a feature brings to the API: a part of the schema, and the functions behind its fields, side by side. */
import type { ApiContext } from './context.ts'

/** Answers one field. `args` are coerced and checked by the schema; throws ApiError for what the caller should know. */
export type Resolver = (args: Readonly<Record<string, unknown>>, context: ApiContext) => unknown

/** The resolvers of one type, by field. */
export type Resolvers = Readonly<Record<string, Resolver>>

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
}

/** Declares a resolver with the types that the schema gives its arguments: an argument that may be missing is `undefined` or null. */
export const resolver = <A extends object>(resolve: (args: A, context: ApiContext) => unknown): Resolver =>
  resolve as unknown as Resolver
