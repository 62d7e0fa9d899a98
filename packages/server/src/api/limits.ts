/** S81: how big a document may be. Checked on the syntax tree before validation, whose own cost grows faster than the document. */
import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql'
import { RequestError } from './errors.ts'

/** Bounds of one document. */
export interface DocumentLimits {
  readonly maxTokens: number
  /** Levels of nested fields; the longest introspection query of known tools has 15. */
  readonly maxDepth: number
  readonly maxAliases: number
  /** Fields of categories, which are those that do the work. */
  readonly maxOperations: number
  /** Fields after fragments are spread out. */
  readonly maxFields: number
}

/** Enough for every operation of the schema with all of its fields. */
export const DOCUMENT_LIMITS: DocumentLimits = {
  maxTokens: 4000,
  maxDepth: 20,
  maxAliases: 50,
  maxOperations: 100,
  maxFields: 1000,
}

interface Size {
  readonly depth: number
  readonly fields: number
  readonly aliases: number
  /** Fields of the first and of the second level. */
  readonly first: number
  readonly second: number
}

const NOTHING: Size = { depth: 0, fields: 0, aliases: 0, first: 0, second: 0 }

/** Throws when some operation of the document is deeper or bigger than allowed. */
export function requireSize(document: DocumentNode, limits: DocumentLimits): void {
  const measure = new Measure(document)
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue
    const size = measure.of(definition.selectionSet)
    if (size.depth > limits.maxDepth) refuse('depth', limits.maxDepth)
    if (size.aliases > limits.maxAliases) refuse('number of aliases', limits.maxAliases)
    if (size.second > limits.maxOperations) refuse('number of operations', limits.maxOperations)
    if (size.fields > limits.maxFields) refuse('number of fields', limits.maxFields)
  }
}

function refuse(what: string, limit: number): never {
  throw new RequestError(400, 'query_too_complex', `The ${what} of the query exceeds the limit of ${limit}`)
}

/** Measures selections; each fragment once, however often it is spread. */
class Measure {
  readonly #fragments = new Map<string, FragmentDefinitionNode>()
  readonly #sizes = new Map<string, Size>()

  constructor(document: DocumentNode) {
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition)
  }

  of(selections: SelectionSetNode): Size {
    let [depth, fields, aliases, first, second] = [0, 0, 0, 0, 0]
    for (const selection of selections.selections) {
      const isField = selection.kind === Kind.FIELD
      const inner =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? this.#fragment(selection.name.value)
          : selection.selectionSet === undefined
            ? NOTHING
            : this.of(selection.selectionSet)
      depth = Math.max(depth, inner.depth + (isField ? 1 : 0))
      first += isField ? 1 : inner.first
      second += isField ? inner.first : inner.second
      fields += inner.fields + (isField ? 1 : 0)
      aliases += inner.aliases + (isField && selection.alias !== undefined ? 1 : 0)
    }
    return { depth, fields, aliases, first, second }
  }

  #fragment(name: string): Size {
    const known = this.#sizes.get(name)
    if (known !== undefined) return known
    // Stands while the fragment is measured: one that spreads itself ends here, and validation refuses it.
    this.#sizes.set(name, NOTHING)
    const fragment = this.#fragments.get(name)
    const size = fragment === undefined ? NOTHING : this.of(fragment.selectionSet)
    this.#sizes.set(name, size)
    return size
  }
}
