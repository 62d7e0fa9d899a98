/** Checks a document against the schema and names what is wrong with the codes that MongooseIM's clients know. */
import {
  type DocumentNode,
  FieldsOnCorrectTypeRule,
  type GraphQLError,
  type GraphQLSchema,
  KnownArgumentNamesRule,
  KnownTypeNamesRule,
  MaxIntrospectionDepthRule,
  NoUndefinedVariablesRule,
  type OperationDefinitionNode,
  ProvidedRequiredArgumentsRule,
  type ValidationRule,
  ValuesOfCorrectTypeRule,
  VariablesInAllowedPositionRule,
  getVariableValues,
  recommendedRules,
  specifiedRules,
  validate,
} from 'graphql'
import { RequestError } from './errors.ts'

const RULES = [...specifiedRules, ...recommendedRules.filter((rule) => rule === MaxIntrospectionDepthRule)]

/** In the order in which a fault is named when several rules see it. */
const CODES: readonly (readonly [ValidationRule, string])[] = [
  [FieldsOnCorrectTypeRule, 'unknown_field'],
  [KnownArgumentNamesRule, 'unknown_argument'],
  [KnownTypeNamesRule, 'type_not_found'],
  [ProvidedRequiredArgumentsRule, 'missing_non_null_param'],
  [ValuesOfCorrectTypeRule, 'input_coercion'],
  [VariablesInAllowedPositionRule, 'type_mismatch'],
  [NoUndefinedVariablesRule, 'unbound_variable'],
]

/** What graphql-js says of a value that is none of an enum's. */
const ENUM =
  /^(?:Variable "\$\w+" has invalid value[^:]*: )?(?:Value ".*" does not exist in "\w+" enum|Enum "\w+" cannot represent)/s

/** Throws RequestError with the first fault of the document. */
export function requireValid(schema: GraphQLSchema, document: DocumentNode): void {
  const [error] = validate(schema, document, [...new Set(RULES)], { maxErrors: 1, hideSuggestions: false })
  if (error !== undefined) throw new RequestError(400, codeOf(schema, document, error), error.message, error.path)
}

function codeOf(schema: GraphQLSchema, document: DocumentNode, error: GraphQLError): string {
  if (typeof error.extensions['code'] === 'string') return error.extensions['code']
  if (ENUM.test(error.message)) return 'unknown_enum'
  const sees = (rule: ValidationRule) => validate(schema, document, [rule], { maxErrors: 1 }).length > 0
  return CODES.find(([rule]) => sees(rule))?.[1] ?? 'validation_error'
}

/** Coerced values of the operation's variables. */
export type Variables = Extract<ReturnType<typeof getVariableValues>, { variableValues: unknown }>['variableValues']

/** Coerces the variables of a request; throws RequestError with the first fault. A null counts as not given (as in MongooseIM). */
export function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  inputs: Readonly<Record<string, unknown>>,
): Variables {
  const given = withoutNulls(inputs)
  const values = getVariableValues(schema, operation.variableDefinitions ?? [], given, { maxErrors: 1 })
  if ('variableValues' in values) return values.variableValues
  const [error] = values.errors
  const missing = operation.variableDefinitions?.find(
    ({ variable, type, defaultValue }) =>
      type.kind === 'NonNullType' && defaultValue === undefined && !Object.hasOwn(given, variable.name.value),
  )
  const message = error?.message ?? 'The variables are invalid'
  const wrong = ENUM.test(message) ? 'unknown_enum' : 'input_coercion'
  throw new RequestError(400, missing === undefined ? wrong : 'missing_non_null_param', message)
}

/** The given variables without those that are null; what the caller named `__proto__` stays a mere name. */
export function withoutNulls(inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [name, value] of Object.entries(inputs)) if (value !== null) kept[name] = value
  return kept
}
