/** Runs one command line and tells the exit code. What only some commands need is loaded when they run: help must come at once. */
import { CliError, ERROR, type ExitCode, SUCCESS, USAGE } from './exit.ts'
import type { Place } from './place.ts'

type Command = (place: Place, words: readonly string[]) => ExitCode | Promise<ExitCode>

const lifecycle = () => import('./lifecycle.ts')

const BASIC: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['start', async (place) => (await lifecycle()).start(place)],
  ['foreground', async (place) => (await lifecycle()).foreground(place)],
  // MongooseIM's word for a start in this terminal.
  ['live', async (place) => (await lifecycle()).foreground(place)],
  [
    'debug',
    () => fail('There is no shell into a running server: use the GraphQL API, or node --inspect with foreground'),
  ],
  ['stop', async (place) => (await lifecycle()).stop(place)],
  ['restart', async (place) => (await lifecycle()).restart(place)],
  ['status', async (place) => (await lifecycle()).status(place)],
  ['started', async (place) => (await lifecycle()).started(place)],
  ['stopped', async (place) => (await lifecycle()).stopped(place)],
  ['init', async (place, words) => (await lifecycle()).init(place, words)],
  ['check', async (place) => (await lifecycle()).check(place)],
  ['reload', async (place) => (await import('./orders.ts')).reload(place)],
  ['backup', async (place, words) => (await import('./orders.ts')).backup(place, words)],
  ['restore', async (place, words) => (await lifecycle()).restore(place, words)],
  ['migrate', async (place, words) => (await lifecycle()).migrate(place, words)],
  ['top', async (place, words) => (await import('./top.ts')).top(place, words)],
  ['graphql', runDocument],
  ['join_cluster', (place, words) => runCluster(place, 'joinCluster', words)],
  ['leave_cluster', (place) => runCluster(place, 'leaveCluster', [])],
  ['remove_from_cluster', (place, words) => runCluster(place, 'removeFromCluster', words)],
  ['bootstrap', () => fail('There is nothing to bootstrap: use init to write a configuration')],
  ['escript', () => fail('There is no Erlang here')],
  ['print_install_dir', printInstallDir],
])

/** Runs the words of a command line; `program` is the name that help prints. Prints, and answers the exit code; rejects only on faults of ours. */
export async function run(words: readonly string[], program: string): Promise<ExitCode> {
  try {
    const { config, rest } = takeConfig(words)
    const [name, ...args] = rest
    const basic = name === undefined ? undefined : BASIC.get(name)
    if (basic !== undefined) {
      // These take no arguments of their own with dashes but `-c`.
      const after = takeConfig(args)
      return await basic(await place(after.config ?? config), after.rest)
    }
    return await runCategory(rest, program, config)
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    console.error(error.message)
    return error.exitCode
  }
}

/** `-c FILE` or `--config FILE` at the front. */
function takeConfig(words: readonly string[]): { config: string | undefined; rest: readonly string[] } {
  if (words[0] !== '-c' && words[0] !== '--config') return { config: undefined, rest: words }
  if (words[1] === undefined) throw new CliError(ERROR, `${words[0]} wants the name of a configuration file`)
  return { config: words[1], rest: words.slice(2) }
}

const place = async (config: string | undefined): Promise<Place> => (await import('./place.ts')).findPlace(config)

async function runCategory(words: readonly string[], program: string, config: string | undefined): Promise<ExitCode> {
  const { understand } = await import('./command.ts')
  const help = await import('./help.ts')
  if (words[0] === '--help' || words[0] === 'help') {
    console.log(help.usage(program))
    return SUCCESS
  }
  const understood = understand(words)
  if (understood.kind === 'run') return execute(await place(config), understood.document, understood.variables)
  if (understood.kind === 'usage') {
    console.log(help.usage(program))
    return USAGE
  }
  if (understood.kind === 'error') console.log(`${understood.message}\n`)
  const { category, command } = understood
  if (category === undefined) console.log(help.usage(program))
  else if (command === undefined) console.log(help.categoryHelp(program, category))
  else console.log(help.commandHelp(program, category, command))
  return understood.kind === 'help' ? SUCCESS : ERROR
}

async function execute(
  { socket }: Place,
  document: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<ExitCode> {
  const { graphql } = await import('./control.ts')
  const answer = await graphql(socket, document, variables)
  console.log(JSON.stringify(answer, null, 2))
  return answer.errors === undefined ? SUCCESS : ERROR
}

async function runDocument(at: Place, words: readonly string[]): Promise<ExitCode> {
  if (words.length !== 1) return fail('This command requires one string type argument!')
  return execute(at, words[0]!)
}

/** The cluster commands print the message alone. Their `--force` is taken: there is nothing to ask before. */
async function runCluster({ socket }: Place, field: string, words: readonly string[]): Promise<ExitCode> {
  const [node, ...more] = words.filter((word) => word !== '-f' && word !== '--force')
  const wantsNode = field !== 'leaveCluster'
  if (wantsNode && (node === undefined || more.length > 0))
    return fail("This command requires one argument: other node's name")
  const { graphql } = await import('./control.ts')
  const query = wantsNode
    ? `mutation ($node: String!) { server { ${field}(node: $node) } }`
    : `mutation { server { ${field} } }`
  const { errors } = await graphql(socket, query, wantsNode ? { node } : {})
  if (errors?.[0] === undefined) return SUCCESS
  console.log(`Error: "${errors[0].message}"`)
  return ERROR
}

async function printInstallDir(): Promise<ExitCode> {
  const { fileURLToPath } = await import('node:url')
  console.log(fileURLToPath(new URL('../..', import.meta.url)))
  return SUCCESS
}

function fail(message: string): ExitCode {
  console.log(message)
  return ERROR
}
