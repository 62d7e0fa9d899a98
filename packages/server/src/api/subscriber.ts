/** Opens the stream behind a subscription: its root field is a category, and the one field inside it says what is watched. */
import {
  type FieldNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLFieldResolver,
  GraphQLObjectType,
  type GraphQLResolveInfo,
  Kind,
  type SelectionSetNode,
  getArgumentValues,
  getNamedType,
} from 'graphql'
import { refusal } from './authorise.ts'
import { requireCategory } from './categories.ts'
import type { ApiContext } from './context.ts'
import { type Protection, fieldKey, useOf } from './directives.ts'
import { ApiError, RequestError } from './errors.ts'
import type { Stream } from './part.ts'
import { requireUse } from './use.ts'

/** What `subscribe` does for the root field of a category. */
export function subscriber(
  category: GraphQLField<unknown, unknown>,
  protections: ReadonlyMap<string, Protection>,
  streams: ReadonlyMap<string, Stream>,
): GraphQLFieldResolver<unknown, ApiContext> {
  return async (_source, _args, context, info) => {
    const type = getNamedType(category.type)
    const node = onlyField(info)
    const field = type instanceof GraphQLObjectType ? type.getFields()[node.name.value] : undefined
    if (!(type instanceof GraphQLObjectType) || field === undefined) throw new Error('the schema has no such stream')
    const key = fieldKey(type, field)
    const args = getArgumentValues(field, node, info.variableValues)
    // S80: decided here too, as for every other field.
    const protection = protections.get(key)
    if (protection === undefined) throw new Error(`${key} does not declare who may see it`)
    const refused = refusal(protection, () => args, context, info.operation.name?.value ?? 'ROOT')
    if (refused !== undefined) throw new RequestError(401, 'no_permissions', refused)
    requireCategory(category.name, context)
    const use = useOf(type, field)
    const open = streams.get(key)
    if (open === undefined) throw new Error(`${key} has no stream`)
    try {
      if (use !== undefined) requireUse(use, args, context)
      return events(await open(args, context), (value) => ({ [category.name]: { [field.name]: value } }))
    } catch (error) {
      throw error instanceof ApiError ? located(error, [info.path.key, (node.alias ?? node.name).value]) : error
    }
  }
}

/** GraphQL knows of the category alone. */
const located = (error: ApiError, path: readonly (string | number)[]): GraphQLError =>
  new GraphQLError(error.message, { originalError: error, path })

/** The one field that is asked for inside the category; a stream has one source. */
function onlyField(info: GraphQLResolveInfo): FieldNode {
  const found = info.fieldNodes.flatMap((node) => fieldsOf(node.selectionSet, info))
  const [field] = found
  if (field !== undefined && found.length === 1) return field
  throw new RequestError(400, 'unsupported_operation', 'A subscription has to watch one field')
}

function fieldsOf(selections: SelectionSetNode | undefined, info: GraphQLResolveInfo): FieldNode[] {
  return (selections?.selections ?? []).flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === '__typename' ? [] : [selection]
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet, info)
    return fieldsOf(info.fragments[selection.name.value]?.selectionSet, info)
  })
}

/** The same stream with other values. No generator function: its `return` would wait for the next event. */
function events(source: AsyncIterable<unknown>, change: (value: unknown) => unknown): AsyncIterableIterator<unknown> {
  const iterator = source[Symbol.asyncIterator]()
  return {
    next: async () => {
      const { value, done } = await iterator.next()
      return done === true ? { value: undefined, done } : { value: change(value), done: false }
    },
    return: async () => {
      await iterator.return?.()
      return { value: undefined, done: true }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
