/**
 * Reference §6.1: a request that touches anything its caller may not see is refused as a whole, before any of it runs. S80: the walk follows
 * fields, aliases, inline and named fragments of the operation that will run, whether or not the request names it.
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLOutputType,
  GraphQLObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  getArgumentValues,
  getNamedType,
  isCompositeType,
  isInterfaceType,
} from 'graphql'
import { refusal } from './authorise.ts'
import type { ApiContext } from './context.ts'
import { RequestError } from './errors.ts'
import { fieldKey } from './directives.ts'
import type { ApiSchema } from './schema.ts'
import type { Variables } from './validate.ts'

/** Throws `no_permissions` (401) when the operation asks for a field that the caller may not see. */
export function requirePermissions(
  api: ApiSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
  context: ApiContext,
): void {
  if (context.role === 'admin' && api.audience === 'admins') return
  const root = api.schema.getRootType(operation.operation)
  if (root == null) return
  new Walk(api, document, operation, variables, context).visit(root, operation.selectionSet)
}

class Walk {
  readonly #api: ApiSchema
  readonly #fragments = new Map<string, FragmentDefinitionNode>()
  readonly #operation: string
  readonly #variables: Variables
  readonly #context: ApiContext
  readonly #seen = new Set<string>()

  constructor(
    api: ApiSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Variables,
    context: ApiContext,
  ) {
    this.#api = api
    this.#operation = operation.name?.value ?? 'ROOT'
    this.#variables = variables
    this.#context = context
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition)
  }

  visit(type: GraphQLCompositeType, selections: SelectionSetNode): void {
    for (const selection of selections.selections) {
      if (selection.kind === Kind.FIELD) this.#field(type, selection)
      else if (selection.kind === Kind.INLINE_FRAGMENT)
        this.visit(this.#named(selection.typeCondition?.name.value) ?? type, selection.selectionSet)
      else this.#spread(selection.name.value)
    }
  }

  /** A fragment asks for the same wherever it is spread, so it is visited once. */
  #spread(name: string): void {
    const fragment = this.#fragments.get(name)
    if (fragment === undefined || this.#seen.has(name)) return
    this.#seen.add(name)
    const type = this.#named(fragment.typeCondition.name.value)
    if (type !== undefined) this.visit(type, fragment.selectionSet)
  }

  #field(type: GraphQLCompositeType, node: Parameters<typeof getArgumentValues>[1] & { readonly kind: Kind.FIELD }) {
    const field =
      type instanceof GraphQLObjectType || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined
    // `__typename` and introspection, which are for everyone.
    if (field === undefined) return
    const protection = this.#api.protections.get(fieldKey(type, field))
    const args = () => getArgumentValues(field, node, this.#variables)
    // An interface's fields are declared on the types that have it; they are checked when resolved.
    const refused = protection && refusal(protection, args, this.#context, this.#operation)
    if (refused !== undefined) throw new RequestError(401, 'no_permissions', refused, [])
    const inner: GraphQLOutputType = field.type
    const named = getNamedType(inner)
    if (node.selectionSet !== undefined && isCompositeType(named)) this.visit(named, node.selectionSet)
  }

  #named(name: string | undefined): GraphQLCompositeType | undefined {
    const type = name === undefined ? undefined : this.#api.schema.getType(name)
    return isCompositeType(type) ? type : undefined
  }
}
