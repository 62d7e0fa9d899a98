/**
 * Writes docs/api-admin.md, docs/api-user.md and docs/cli.md from the schemas. With `--check` it only says whether they are up to date.
 *
 *     node packages/server/tools/generate-api-docs.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type GraphQLField,
  GraphQLObjectType,
  GraphQLScalarType,
  getNamedType,
  isIntrospectionType,
  isSpecifiedScalarType,
  printType,
} from 'graphql'
import { adminSchema } from '../src/api/admin.ts'
import { MOST_ENTRIES } from '../src/api/budget.ts'
import { fieldKey, useOf } from '../src/api/directives.ts'
import { DOCUMENT_LIMITS } from '../src/api/limits.ts'
import type { ApiSchema } from '../src/api/schema.ts'
import { userSchema } from '../src/api/user.ts'
import { usage } from '../src/cli/help.ts'
import type { ArgumentSpec } from '../src/cli/schema.ts'
import { commandsOf } from './generate-schema.ts'

const DOCS = join(import.meta.dirname, '../../../docs')
const NOTE = '<!-- Generated from the schemas by packages/server/tools/generate-api-docs.ts. -->'

const ADMIN_INTRO = `A \`mongoose_graphql_handler\` with \`schema_endpoint = "admin"\` serves this to whoever knows its username and password; with
\`"domain_admin"\`, to the admin of a domain: \`admin@DOMAIN\`, with the password that \`setDomainPassword\` sets. **any** is for both, **domain** for
a domain's admin as far as the arguments named are at that domain, **global** for the first alone. A request that asks for anything its caller may not see is
refused as a whole (\`no_permissions\`).`

const USER_INTRO = `A \`mongoose_graphql_handler\` with \`schema_endpoint = "user"\` serves this to users, who give their bare JID and their password. Everything is
about the user who asks.`

const COMMON = `Requests are \`POST\` with JSON (\`query\`, \`variables\`, \`operationName\`) or \`GET\` with the same in the URL, which changes nothing; credentials are
HTTP Basic. A browser gets a page to try requests on. Subscriptions are server-sent events (\`GET\`), at \`/sse\` below the endpoint's path. Errors have a \`code\` in their
\`extensions\`; the codes, names and arguments are MongooseIM's. What a mutation asks for is done in the order
in which it is written. A request may have ${DOCUMENT_LIMITS.maxTokens} tokens, ${DOCUMENT_LIMITS.maxDepth} levels,
${DOCUMENT_LIMITS.maxAliases} aliases, ${DOCUMENT_LIMITS.maxOperations} operations and ${DOCUMENT_LIMITS.maxFields} fields, and its answer ${MOST_ENTRIES.http} entries in all of its lists.`

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

/** A page with all categories of a schema, and its types. */
export function schemaPage(title: string, intro: string, api: ApiSchema): string {
  const roots = [
    ['query', api.schema.getQueryType()],
    ['mutation', api.schema.getMutationType()],
    ['subscription', api.schema.getSubscriptionType()],
  ] as const
  const categories = new Map<string, { summary: string; rows: string[] }>()
  const doors = new Set<string>(roots.flatMap(([, root]) => root?.name ?? []))
  for (const [operation, root] of roots)
    for (const field of Object.values(root?.getFields() ?? {})) {
      const type = getNamedType(field.type)
      if (!(type instanceof GraphQLObjectType)) continue
      const category = categories.get(field.name) ?? { summary: field.description ?? '', rows: [] }
      categories.set(field.name, category)
      if (field.name === 'checkAuth') continue
      doors.add(type.name)
      category.rows.push(...Object.values(type.getFields()).map((each) => row(api, operation, type, each)))
    }
  const sections = [...categories].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(section)
  return [NOTE, `# ${title}`, intro, COMMON, ...sections, '## Types', typesOf(api, doors)].join('\n\n')
}

function section([name, { summary, rows }]: readonly [string, { summary: string; rows: readonly string[] }]): string {
  const table = ['| operation | for | needs | |', '|---|---|---|---|', ...rows].join('\n')
  return [`## ${name}`, `${summary}.`.replace('..', '.'), ...(rows.length === 0 ? [] : [table])].join('\n\n')
}

function row(
  { protections }: ApiSchema,
  operation: string,
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
): string {
  const args = field.args.map((arg) => `${arg.name}: ${arg.type}`).join(', ')
  const protection = protections.get(fieldKey(type, field))
  const use = useOf(type, field)
  const needs = use === undefined ? [] : [...use.modules, ...use.services, ...use.internal_databases]
  const who = { PUBLIC: 'everybody', DEFAULT: 'any', DOMAIN: 'domain', GLOBAL: 'global' }[protection?.type ?? 'GLOBAL']
  const named = protection?.type === 'DOMAIN' ? ` (${protection.args.map((arg) => `\`${arg}\``).join(', ')})` : ''
  const signature = `${operation} \`${field.name}${args && `(${args})`}: ${field.type}\``
  return `| ${cell(signature)} | ${protection?.audience === 'users' ? 'users' : who + named} | ${needs.map((name) => `\`${name}\``).join(', ')} | ${cell(field.description ?? '')} |`
}

/** What operations take and answer; `doors` are the types that only hold them. */
function typesOf({ schema }: ApiSchema, doors: ReadonlySet<string>): string {
  const types = Object.values(schema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !doors.has(type.name) && !isBuiltIn(type),
  )
  const printed = types.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(printType)
  return `\`\`\`graphql\n${printed.join('\n\n')}\n\`\`\``
}

const isBuiltIn = (type: unknown): boolean => type instanceof GraphQLScalarType && isSpecifiedScalarType(type)

/** The page of the command line. */
export function commandPage(api: ApiSchema = adminSchema()): string {
  const commands = commandsOf(api.schema)
  const sections = Object.entries(commands).map(([category, { summary, commands: inside }]) => {
    const rows = Object.entries(inside).map(
      ([name, command]) => `| \`${[name, ...command.args.map(argument)].join(' ')}\` | ${cell(command.summary)} |`,
    )
    return [`## ${category}`, `${summary}.`, ['| command | |', '|---|---|', ...rows].join('\n')].join('\n\n')
  })
  const intro = `\`meerkat\` (and \`mongooseimctl\`, which is the same) talks to the running server through a socket in its data folder, which only the
server's user may open. The answer is that of GraphQL, as JSON. Exit code: 0 when it has no errors, 1 when it has, 2 when nothing was asked, 3 when there is no server. Arguments are those of
[the admin schema](api-admin.md), each as \`--name value\`; lists and objects are JSON.`
  return [NOTE, '# Commands', intro, `\`\`\`\n${usage('meerkat', commands)}\n\`\`\``, ...sections].join('\n\n')
}

const argument = ({ name, type }: ArgumentSpec): string => {
  const written = `--${name} ${type.replace(/!$/, '')}`
  return type.endsWith('!') ? written : `[${written}]`
}

/** Every page by its name. */
export const pages = (): Readonly<Record<string, string>> => ({
  'api-admin.md': schemaPage('GraphQL for administrators', ADMIN_INTRO, adminSchema()),
  'api-user.md': schemaPage('GraphQL for users', USER_INTRO, userSchema()),
  'cli.md': commandPage(),
})

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, text] of Object.entries(pages())) {
    const file = join(DOCS, name)
    if (!process.argv.includes('--check')) writeFileSync(file, `${text}\n`)
    else if (readIfThere(file) !== `${text}\n`) {
      console.error(`docs/${name} is out of date: run node packages/server/tools/generate-api-docs.ts`)
      process.exitCode = 1
    }
  }
