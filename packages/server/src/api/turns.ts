/**
 * What a mutation asks of a category is done in the order in which it is written (as in MongooseIM). GraphQL itself promises that of the fields of
 * the root alone, and those are categories here.
 */
import { type GraphQLObjectType, type GraphQLSchema, getNamedType } from 'graphql'

/** The last thing that was asked of a category, by the object that stands for it in one answer. */
const last = new WeakMap<object, Promise<unknown>>()

/** Does the work when everything that was asked of the same category before has ended, whichever way. */
export function inTurn(category: object, work: () => unknown): Promise<unknown> {
  const mine = (last.get(category) ?? Promise.resolve()).then(work)
  last.set(
    category,
    mine.catch(() => undefined),
  )
  return mine
}

/** Whether a type is a category of mutations. */
export const changes = (schema: GraphQLSchema, type: GraphQLObjectType): boolean =>
  Object.values(schema.getMutationType()?.getFields() ?? {}).some((field) => getNamedType(field.type) === type)
