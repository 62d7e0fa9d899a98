/**
 * Measures Meerkat beside its rivals and beside the bare router, and writes bench/results and bench/README.md:
 *
 *     npm run bench                          everything, hours
 *     npm run bench -- --only route,mam      some parts
 *     npm run bench -- --quick [COMMIT]      the working tree beside a commit, under three minutes
 *     npm run bench -- micro [WORD...]       the benchmarks beside the packages
 *     npm run bench -- --page                only writes the page from the results
 *
 * Further options: --peers meerkat,prosody --reps 3 --seconds 10 --warmup 3 --sessions 5000,10000 --logins 2000 --storm 2000 --minutes 10
 * --tries 3 --wait 120 --out FOLDER.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { commitHere, root } from './commit.ts'
import type { Row } from './load.ts'
import { runMicro } from './micro.ts'
import { peers } from './peers/all.ts'
import type { Peer } from './peers/peer.ts'
import { runQuick } from './quick.ts'
import { writePage } from './report/page.ts'
import { runSection } from './runner.ts'
import { type Section, sectionCalled, sections } from './sections.ts'
import { LOAD_CORE } from './server.ts'

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const settings = {
  allowPositionals: true,
  options: {
    quick: flag,
    page: flag,
    only: { ...text, default: '' },
    peers: { ...text, default: '' },
    reps: { ...text, default: '3' },
    seconds: { ...text, default: '10' },
    warmup: { ...text, default: '3' },
    pairs: { ...text, default: '200' },
    sessions: { ...text, default: '5000,10000' },
    logins: { ...text, default: '2000' },
    storm: { ...text, default: '2000' },
    contacts: { ...text, default: '200' },
    minutes: { ...text, default: '10' },
    tries: { ...text, default: '3' },
    wait: { ...text, default: '120' },
    out: { ...text, default: join(root, 'bench', 'results') },
  },
} as const

const USAGE = `npm run bench [-- micro [WORD...] | --quick [COMMIT] | --page | --only PARTS]; parts: ${sections.map(({ name }) => name).join(' ')}; options: ${Object.keys(
  settings.options,
)
  .map((name) => `--${name}`)
  .join(' ')}; more in bench/README.md`

/** What the command line says; ends with what would be right when that is nothing. */
function commandLine() {
  try {
    return parseArgs(settings)
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
}

const { values, positionals } = commandLine()

const words = (list: string) => list.split(',').filter(Boolean)

/** Peers that can run here; the rivals are installed first. */
function present(): Peer[] {
  const wanted = words(values.peers)
  const chosen = peers.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  spawnSync(join(root, 'bench', 'peers', 'install.sh'), { stdio: 'inherit' })
  return chosen.filter(({ name, programs }) => {
    const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
    if (missing.length > 0) console.error(`${name} is left out: ${missing.join(', ')} is not installed`)
    return missing.length === 0
  })
}

const told = [
  'direction',
  'offered',
  'mech',
  'conns',
  'delivered_per_s',
  'cpu_us_per_msg',
  'cpu_ms_per_login',
  'first_cpu_ms_per_login',
  'cpu_ms_per_round',
  'cpu_ms_per_publish',
  'p99_ms',
].concat([
  'rss_kb_per_conn',
  'start_ms',
  'rss_mb',
  'exactly_once',
  'with_archived_messages',
  'loop_p999_ms',
  'other_cpu_pct',
])

/** Keeps the results of this run, a file for each part; those of an earlier run of the part are replaced. */
function recorder(folder: string): (section: Section, rows: readonly Row[]) => void {
  mkdirSync(folder, { recursive: true })
  const head = { commit: commitHere(), node: process.version }
  const begun = new Set<string>()
  return ({ name }, rows) => {
    const file = join(folder, `${name}.jsonl`)
    if (!begun.has(name)) writeFileSync(file, '')
    begun.add(name)
    for (const row of rows) {
      appendFileSync(file, `${JSON.stringify({ section: name, at: new Date().toISOString(), ...head, ...row })}\n`)
      const figures = told
        .filter((key) => row[key] !== undefined && row[key] !== null)
        .map((key) => `${key}=${row[key]}`)
      console.log(`${name} ${row['label']} ${row['variant']} ${row['test']} ${figures.join(' ')}`)
    }
  }
}

async function runAll(): Promise<void> {
  const effort = {
    seconds: Number(values.seconds),
    warmup: Number(values.warmup),
    pairs: Number(values.pairs),
    logins: Number(values.logins),
    sessions: words(values.sessions).map(Number),
    storm: Number(values.storm),
    contacts: Number(values.contacts),
    minutes: Number(values.minutes),
  }
  const { storm, contacts } = effort
  const users = Math.max(...effort.sessions, effort.logins, 2 * effort.pairs)
  const options = {
    effort,
    population: { users, storm, contacts },
    patience: { tries: Number(values.tries), wait: Number(values.wait) },
    reps: Number(values.reps),
    peers: present(),
    write: recorder(resolve(values.out)),
  }
  const wanted = words(values.only)
  for (const section of wanted.length === 0 ? sections : wanted.map(sectionCalled)) {
    console.log(`== ${section.title}`)
    try {
      await runSection(section, options)
    } catch (error) {
      // The other parts are worth having all the same.
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 1
    }
  }
}

if (positionals[0] === 'micro') {
  process.exitCode = runMicro(positionals.slice(1)) ? 0 : 1
} else if (positionals.length > 0 && !values.quick) {
  process.exitCode = runMicro(positionals) ? 0 : 1
} else {
  // The server has a core for itself; whatever this process starts besides inherits the other one.
  execFileSync('taskset', ['-a', '-p', '-c', LOAD_CORE, String(process.pid)], { stdio: 'ignore' })
  if (values.quick) await runQuick(positionals[0] ?? 'HEAD')
  else {
    if (!values.page) await runAll()
    writePage(resolve(values.out))
  }
}
