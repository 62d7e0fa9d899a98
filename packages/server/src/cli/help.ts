/** Help texts: of the whole, of a category, of a command. */
import { ADMIN_CATEGORIES } from './admin-schema.generated.ts'
import type { AdminCategories } from './schema.ts'

type Row = readonly [name: string, summary: string]

const LIFECYCLE: readonly Row[] = [
  ['check', 'Look at the configuration, certificates, ports, store and services, and say what to mend'],
  ['foreground', 'Start the server here, until it is stopped (also: live)'],
  ['init FILE', 'Write a configuration file to start with'],
  ['migrate', 'Copy accounts and what is kept of them from a MongooseIM; no server may run'],
  ['restore FILE', 'Put a backup in the place of the embedded store; no server may run'],
  ['start', 'Start the server in the background'],
]

const BASIC: readonly Row[] = [
  ['backup FILE', 'Copy the embedded store of the running server into a new file'],
  ['graphql QUERY', 'Execute a GraphQL query or mutation'],
  ['reload', 'Apply what has changed in the configuration, and say what needs a restart'],
  ['restart', 'Stop the server and start it again'],
  ['started', 'Wait until the server has started'],
  ['status', 'Get the status of the server'],
  ['stop', 'Stop the server'],
  ['stopped', 'Wait until the server has stopped'],
  ['top', 'Watch rates, sessions and queues; with --once, a single time'],
]

/** What commands take that the tables are too narrow for. */
const FORMS: Readonly<Record<string, string>> = {
  join_cluster: 'NODE [--force]',
  leave_cluster: '[--force]',
  migrate: 'mongooseim --from postgres://… [--domain NAME]... [--dry-run] [--overwrite]',
  remove_from_cluster: 'NODE [--force]',
  top: '[--once]',
}

const WIDTH = 100

/** How the command line is used. */
export function usage(program: string, categories: AdminCategories = ADMIN_CATEGORIES): string {
  const rows = Object.entries(categories).map(([name, { summary }]): Row => [name, summary])
  return [
    `Usage: ${program} [-c CONFIGURATION] [category] command [arguments]`,
    '',
    'Most commands are grouped into the following categories:',
    table(rows),
    '',
    `To list the commands in a particular category:\n  ${program} category`,
    '',
    'The following basic system management commands do not have a category:',
    table(BASIC),
    '',
    'Commands to start a server:',
    table(LIFECYCLE),
  ].join('\n')
}

/** How a command without a category is used. */
export function basicHelp(program: string, name: string): string {
  const row = [...BASIC, ...LIFECYCLE].find(([form]) => form.split(' ')[0] === name)
  const form = FORMS[name] === undefined ? (row?.[0] ?? name) : `${name} ${FORMS[name]}`
  const used = `Usage: ${program} [-c CONFIGURATION] ${form}`
  return row === undefined ? used : `${used}\n\n${row[1]}`
}

/** What a category offers. */
export function categoryHelp(
  program: string,
  category: string,
  categories: AdminCategories = ADMIN_CATEGORIES,
): string {
  const commands = Object.entries(categories[category]?.commands ?? {})
  return [
    `Usage: ${program} ${category} command arguments`,
    '',
    `The following commands are available in the category '${category}':`,
    table(commands.map(([name, { summary }]): Row => [name, summary])),
    '',
    `To list the arguments for a particular command:\n  ${program} ${category} command --help`,
  ].join('\n')
}

/** What a command takes. */
export function commandHelp(
  program: string,
  category: string,
  command: string,
  categories: AdminCategories = ADMIN_CATEGORIES,
): string {
  const args = categories[category]?.commands[command]?.args ?? []
  return [
    `Usage: ${program} ${category} ${command} arguments`,
    '',
    'Each argument has the format: --name value',
    'Available arguments are listed below with the corresponding GraphQL types:',
    table(args.map(({ name, type }): Row => [name, type])),
    '',
    'Plain values need quotes only when they hold spaces or special characters.',
    'Lists and input objects are passed as JSON.',
    "An argument whose type ends with '!' is required.",
  ].join('\n')
}

function table(rows: readonly Row[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return rows
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, summary]) => `  ${name.padEnd(width)} ${wrap(summary, WIDTH - width - 3, width + 3)}`.trimEnd())
    .join('\n')
}

/** Breaks a text between words; later lines are indented. */
function wrap(text: string, width: number, indent: number): string {
  const lines: string[] = ['']
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}
