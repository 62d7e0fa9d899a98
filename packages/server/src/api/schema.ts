/** Assembles the schema of an endpoint from its parts, and puts a guard before every field: what nobody declared is an error, not an open door. */
import {
  type GraphQLField,
  type GraphQLFieldResolver,
  GraphQLObjectType,
  type GraphQLSchema,
  buildSchema,
  defaultFieldResolver,
  isIntrospectionType,
} from 'graphql'
import { when } from '../core/when.ts'
import { refusal } from './authorise.ts'
import { requireCategory } from './categories.ts'
import type { ApiContext, Audience } from './context.ts'
import { DIRECTIVES, type Protection, fieldKey, protectionOf, useOf } from './directives.ts'
import { RequestError } from './errors.ts'
import type { ApiPart, Resolver } from './part.ts'
import { SCALARS, defineScalars } from './scalars.ts'
import { subscriber } from './subscriber.ts'
import { changes, inTurn } from './turns.ts'
import { requireUse } from './use.ts'

/** A schema that can be executed, with who may see each of its fields. */
export interface ApiSchema {
  readonly schema: GraphQLSchema
  readonly audience: Audience
  /** By type and field: `AccountAdminQuery.listUsers`. */
  readonly protections: ReadonlyMap<string, Protection>
}

/** Builds a schema; `base` is the text with the root types. Throws when a field declares no role, or a resolver has no field. */
export function assembleSchema(base: string, parts: readonly ApiPart[], audience: Audience = 'admins'): ApiSchema {
  const schema = buildSchema([DIRECTIVES, SCALARS, base, ...parts.map((part) => part.sdl)].join('\n'))
  defineScalars(schema)
  const resolvers = collect(parts, (part) => part.resolvers)
  const streams = collect(parts, (part) => part.streams ?? {})
  const protections = new Map<string, Protection>()
  for (const type of objectTypes(schema)) {
    for (const field of Object.values(type.getFields())) {
      const key = fieldKey(type, field)
      const protection = protectionOf(type, field, audience)
      if (protection === undefined) throw new Error(`${key} does not declare who may see it`)
      protections.set(key, protection)
      field.resolve = guarded(schema, type, field, protection, resolvers.get(key))
      resolvers.delete(key)
      if (type === schema.getSubscriptionType()) field.subscribe = subscriber(field, protections, streams)
    }
  }
  const stray = [...resolvers.keys(), ...streams.keys()].find((key) => resolvers.has(key) || !protections.has(key))
  if (stray !== undefined) throw new Error(`${stray} has a resolver and is not in the schema`)
  return { schema, audience, protections }
}

function objectTypes(schema: GraphQLSchema): GraphQLObjectType[] {
  const all = Object.values(schema.getTypeMap())
  return all.filter(
    (type): type is GraphQLObjectType => type instanceof GraphQLObjectType && !isIntrospectionType(type),
  )
}

/** What the parts bring, by type and field. */
function collect<T>(
  parts: readonly ApiPart[],
  of: (part: ApiPart) => Readonly<Record<string, Readonly<Record<string, T>>>>,
): Map<string, T> {
  const found = new Map<string, T>()
  for (const part of parts)
    for (const [type, fields] of Object.entries(of(part)))
      for (const [field, value] of Object.entries(fields)) {
        const key = `${type}.${field}`
        if (found.has(key)) throw new Error(`${key} has two resolvers`)
        found.set(key, value)
      }
  return found
}

type Guarded = GraphQLFieldResolver<unknown, ApiContext>

/** The field's resolver behind the questions whether the caller may, whether the category is open, and whether what it needs runs. */
function guarded(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  protection: Protection,
  resolve: Resolver | undefined,
): Guarded {
  const isRoot = type === schema.getQueryType() || type === schema.getMutationType()
  const use = useOf(type, field)
  const isChange = changes(schema, type)
  return (source, args, context, info) => {
    // S80: the request was checked as a whole before; this holds even if that check missed a way to the field.
    const refused = refusal(protection, () => args, context, info.operation.name?.value ?? 'ROOT')
    if (refused !== undefined) throw new RequestError(401, 'no_permissions', refused)
    if (isRoot) requireCategory(field.name, context)
    const answer = () => {
      if (use !== undefined) requireUse(use, args, context)
      // A category is only a door to its fields.
      if (isRoot && resolve === undefined) return {}
      const value = resolve === undefined ? defaultFieldResolver(source, args, context, info) : resolve(args, context)
      return when(value, (found: unknown) => {
        if (Array.isArray(found)) context.budget?.take(found.length)
        return found
      })
    }
    return isChange ? inTurn(source as object, answer) : answer()
  }
}
