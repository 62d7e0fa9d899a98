/** Who may see a field, and what it needs to run: declared in the schema text, read once when it is assembled. */
import { type ConstDirectiveNode, type GraphQLField, type GraphQLObjectType, valueFromASTUntyped } from 'graphql'
import type { Audience } from './context.ts'

/** The directives' own schema text. */
export const DIRECTIVES = `
"Only for authorised callers: any admin, an admin of the domains in the arguments, or a global admin."
directive @protected(type: ProtectedType = DEFAULT, args: [String!] = []) on FIELD_DEFINITION | OBJECT | INTERFACE

enum ProtectedType {
  DEFAULT
  DOMAIN
  GLOBAL
}

"For everyone, authorised or not."
directive @public on FIELD_DEFINITION | OBJECT

"What must run on the host type that the arguments name."
directive @use(
  modules: [String!] = []
  services: [String!] = []
  internal_databases: [String!] = []
  args: [String!] = []
) on FIELD_DEFINITION | OBJECT
`

/** Who may see a field. */
export interface Protection {
  readonly type: 'PUBLIC' | 'DEFAULT' | 'DOMAIN' | 'GLOBAL'
  readonly audience: Audience
  /** Arguments, or dotted paths into them, whose domains must be the caller's. */
  readonly args: readonly string[]
}

/** What a field needs. */
export interface Use {
  readonly modules: readonly string[]
  readonly services: readonly string[]
  readonly internal_databases: readonly string[]
  /** Arguments that tell the host type. */
  readonly args: readonly string[]
}

/** The field's own declaration, else its type's; undefined when there is none, which is a fault of the schema. */
export function protectionOf(
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  audience: Audience,
): Protection | undefined {
  return readProtection(field.astNode?.directives, audience) ?? readProtection(directivesOf(type), audience)
}

/** What the field, or its type, declares to need. */
export function useOf(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): Use | undefined {
  const directive = find(field.astNode?.directives, 'use') ?? find(directivesOf(type), 'use')
  if (directive === undefined) return undefined
  const values = argumentsOf(directive)
  const words = (name: string) => (values.get(name) ?? []) as readonly string[]
  return {
    modules: words('modules'),
    services: words('services'),
    internal_databases: words('internal_databases'),
    args: words('args'),
  }
}

function directivesOf(type: GraphQLObjectType): readonly ConstDirectiveNode[] {
  return [type.astNode, ...type.extensionASTNodes].flatMap((node) => node?.directives ?? [])
}

function readProtection(
  directives: readonly ConstDirectiveNode[] | undefined,
  audience: Audience,
): Protection | undefined {
  if (find(directives, 'public') !== undefined) return { type: 'PUBLIC', audience, args: [] }
  const directive = find(directives, 'protected')
  if (directive === undefined) return undefined
  const values = argumentsOf(directive)
  return {
    type: (values.get('type') ?? 'DEFAULT') as Protection['type'],
    audience,
    args: (values.get('args') ?? []) as readonly string[],
  }
}

const find = (directives: readonly ConstDirectiveNode[] | undefined, name: string) =>
  directives?.find((directive) => directive.name.value === name)

const argumentsOf = (directive: ConstDirectiveNode): Map<string, unknown> =>
  new Map(directive.arguments?.map((argument) => [argument.name.value, valueFromASTUntyped(argument.value)]))

/** The name of a field across the schema. */
export const fieldKey = (type: { readonly name: string }, field: { readonly name: string }): string =>
  `${type.name}.${field.name}`
