/** Understands `CATEGORY COMMAND --argument value ...` (as in MongooseIM). */
import { ADMIN_CATEGORIES } from './admin-schema.generated.ts'
import type { AdminCategories, ArgumentSpec, CategorySpec, CommandSpec } from './schema.ts'

/** What the words mean. */
export type Understood =
  | { readonly kind: 'usage' }
  | { readonly kind: 'help'; readonly category: string; readonly command?: string }
  | { readonly kind: 'error'; readonly message: string; readonly category?: string; readonly command?: string }
  | { readonly kind: 'run'; readonly document: string; readonly variables: Readonly<Record<string, unknown>> }

/** Reads the words of a command. */
export function understand(words: readonly string[], categories: AdminCategories = ADMIN_CATEGORIES): Understood {
  const [category, command, ...rest] = words
  if (category === undefined) return { kind: 'usage' }
  const known = own<CategorySpec>(categories, category)
  if (known === undefined) return { kind: 'error', message: 'Unknown category' }
  if (command === undefined || command === '--help') return { kind: 'help', category }
  const spec = own<CommandSpec>(known.commands, command)
  if (spec === undefined) return { kind: 'error', message: `Unknown command '${command}'`, category }
  if (rest.length === 1 && rest[0] === '--help') return { kind: 'help', category, command }
  const read = readArguments(spec, rest, command)
  if (typeof read === 'string') return { kind: 'error', message: read, category, command }
  return { kind: 'run', document: spec.document, variables: read }
}

/** A word such as `constructor` names nothing. */
const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

/** The variables, or what is wrong. */
function readArguments(spec: CommandSpec, words: readonly string[], command: string): Record<string, unknown> | string {
  const variables: Record<string, unknown> = {}
  for (let at = 0; at < words.length; at += 2) {
    const [flag, value] = [words[at]!, words[at + 1]]
    if (!flag.startsWith('--') || value === undefined) return 'Could not parse the command arguments'
    const name = flag.slice(2)
    const argument = spec.args.find((candidate) => candidate.name === name)
    if (argument === undefined) return `Unknown argument '${name}' for command '${command}'`
    const read = readValue(argument, value)
    if (read === undefined) return `Invalid value '${value}' of argument '${name}' for command '${command}'`
    variables[name] = read
  }
  const missing = spec.args.filter(({ name, type }) => type.endsWith('!') && !Object.hasOwn(variables, name))
  if (missing.length === 0) return variables
  return `Missing mandatory arguments for command '${command}': ${missing.map(({ name }) => `'${name}'`).join(', ')}`
}

/** The value in its type; undefined when it is none of that type. */
function readValue({ read }: ArgumentSpec, text: string): unknown {
  if (read === 'text') return text
  if (read === 'integer') return /^[+-]?\d+$/.test(text) ? Number(text) : undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
