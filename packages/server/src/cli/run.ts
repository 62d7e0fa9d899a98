/** Runs one command line and tells the exit code. What only some commands need is loaded when they run: help must come at once. */
import { CliError, ERROR, type ExitCode, SUCCESS, USAGE } from './exit.ts'
import type { Place } from './place.ts'

interface Command {
  readonly run: (place: Place, words: readonly string[]) => ExitCode | Promise<ExitCode>
  /** How many words it takes at most; none unless it says otherwise. */
  readonly words?: number
}

const lifecycle = () => import('./lifecycle.ts')

const BASIC: Readonly<Record<string, Command>> = {
  start: { run: async (place) => (await lifecycle()).start(place) },
  foreground: { run: async (place) => (await lifecycle()).foreground(place) },
  // MongooseIM's word for a start in this terminal.
  live: { run: async (place) => (await lifecycle()).foreground(place) },
  debug: {
    run: () => fail('There is no shell into a running server: use the GraphQL API, or node --inspect with foreground'),
  },
  stop: { run: async (place) => (await lifecycle()).stop(place) },
  restart: { run: async (place) => (await lifecycle()).restart(place) },
  status: { run: async (place) => (await lifecycle()).status(place) },
  started: { run: async (place) => (await lifecycle()).started(place) },
  stopped: { run: async (place) => (await lifecycle()).stopped(place) },
  init: { run: async (place, words) => (await lifecycle()).init(place, words), words: 1 },
  check: { run: async (place) => (await lifecycle()).check(place) },
  reload: { run: async (place) => (await import('./orders.ts')).reload(place) },
  backup: { run: async (place, words) => (await import('./orders.ts')).backup(place, words), words: 1 },
  restore: { run: async (place, words) => (await lifecycle()).restore(place, words), words: 1 },
  migrate: { run: async (place, words) => (await lifecycle()).migrate(place, words), words: Infinity },
  top: { run: async (place, words) => (await import('./top.ts')).top(place, words), words: Infinity },
  graphql: { run: runDocument, words: Infinity },
  join_cluster: { run: (place, words) => runCluster(place, 'joinCluster', words), words: Infinity },
  leave_cluster: { run: (place, words) => runCluster(place, 'leaveCluster', words), words: Infinity },
  remove_from_cluster: { run: (place, words) => runCluster(place, 'removeFromCluster', words), words: Infinity },
  bootstrap: { run: () => fail('There is nothing to bootstrap: use init to write a configuration') },
  escript: { run: () => fail('There is no Erlang here'), words: Infinity },
  print_install_dir: { run: printInstallDir },
}

/** Runs the words of a command line; `program` is the name that help prints. Prints, and answers the exit code; rejects only on faults of ours. */
export async function run(words: readonly string[], program: string): Promise<ExitCode> {
  try {
    const { config, rest } = takeConfig(words)
    const [name, ...args] = rest
    if (name !== undefined && Object.hasOwn(BASIC, name)) return await runBasic(name, args, program, config)
    return await runCategory(rest, program, config)
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    console.error(error.message)
    return error.exitCode
  }
}

/** Runs a command without a category. Whoever asks for its help, or writes what it does not take, does not mean it to be done. */
async function runBasic(
  name: string,
  args: readonly string[],
  program: string,
  config: string | undefined,
): Promise<ExitCode> {
  const { run: command, words: most = 0 } = BASIC[name]!
  const { config: later, rest: words } = takeConfig(args)
  const wantsHelp = words.includes('--help')
  if (!wantsHelp && words.length <= most) return command(await place(later ?? config), words)
  if (!wantsHelp) console.log('Could not parse the command arguments\n')
  console.log((await import('./help.ts')).basicHelp(program, name))
  return wantsHelp ? SUCCESS : ERROR
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
