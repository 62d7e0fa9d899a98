/** The results of each part as a table: medians over the repetitions. */
import type { Row } from '../load.ts'
import { type Section, sections } from '../sections.ts'
import { number, table } from './format.ts'
import { type Results, median } from './results.ts'

/** A column: its head, and the field or what is made of the rows of one line. */
type Column = readonly [head: string, value: string | ((rows: readonly Row[]) => string)]

const field = (rows: readonly Row[], name: string) =>
  number(median(rows.map((row) => row[name]).filter((value) => typeof value === 'number')))

const all = (name: string) => (rows: readonly Row[]) => (rows.every((row) => row[name] === true) ? 'yes' : 'NO')
const first = (name: string) => (rows: readonly Row[]) => String(rows[0]?.[name] ?? '–')

const exactly = (rows: readonly Row[]): string =>
  all('exactly_once')(rows) + (rows.some((row) => row['overload'] === true) ? ', overloaded' : '')

const loop: Column = ['event loop p99.9 ms', 'loop_p999_ms']
const common: readonly Column[] = [['server CPU %', 'server_cpu_pct'], loop]

const messages: readonly Column[] = [
  ['offered/s', first('offered')],
  ['sessions', (rows) => String(2 * Number(rows[0]?.['pairs']))],
  ['delivered/s', 'delivered_per_s'],
  ['CPU µs', 'cpu_us_per_msg'],
  ['CPU µs, with what follows', 'cpu_us_per_msg_settled'],
  ['user µs', 'user_us'],
  ['system µs', 'sys_us'],
  ['p50 ms', 'p50_ms'],
  ['p99 ms', 'p99_ms'],
  ...common,
  ['generator CPU %', 'gen_cpu_pct'],
  ['exactly once', exactly],
]

const federated: readonly Column[] = [
  ['direction', first('direction')],
  ...messages.filter(([head]) => head !== 'sessions' && head !== 'CPU µs, with what follows'),
]

const events: readonly Column[] = [
  ['offered/s', first('offered')],
  ['contacts', first('contacts')],
  ['published/s', 'published_per_s'],
  ['CPU ms for an item', 'cpu_ms_per_publish'],
  ['CPU µs for a notification', 'cpu_us_per_notification'],
  ['user µs', 'user_us'],
  ['system µs', 'sys_us'],
  ['p50 ms until the last one', 'p50_ms'],
  ['p99 ms until the last one', 'p99_ms'],
  ...common,
  ['generator CPU %', 'gen_cpu_pct'],
  ['exactly once', exactly],
]

const logins: readonly Column[] = [
  ['mechanism', (rows) => first('mech')(rows) + (rows[0]?.['tls'] === 'starttls' ? ' over TLS' : '')],
  ['iterations', first('scram_iterations')],
  ['logins/s', 'logins_per_s'],
  ['CPU ms', 'cpu_ms_per_login'],
  ['CPU ms, first round after a start', 'first_cpu_ms_per_login'],
  ['CPU ms, logout', 'cpu_ms_per_logout'],
  ['p99 ms', 'p99_ms'],
  ...common,
]

const idle: readonly Column[] = [
  ['sessions', first('conns')],
  ['RSS kB each', 'rss_kb_per_conn'],
  ['baseline MB', 'baseline_rss_mb'],
  ['RSS MB', 'rss_mb'],
  ['peak MB', 'peak_mb'],
  ['idle CPU %', 'idle_server_cpu_pct'],
  ['key exchange', first('tls_group')],
  ['all alive', all('all_alive')],
]

const complete = (rows: readonly Row[]) =>
  rows.some((row) => row['complete'] === false || row['first_complete'] === false) ? 'NO' : 'yes'

const presence: readonly Column[] = [
  ['test', first('test')],
  ['CPU ms for coming and going', 'cpu_ms_per_round'],
  ['first times', 'first_cpu_ms_per_round'],
  ['CPU ms for a login', 'cpu_ms_per_login'],
  ['CPU ms for a login, first storm after a start', 'first_cpu_ms_per_login'],
  ['CPU µs for a presence', 'cpu_us_per_presence'],
  ['all presences', complete],
  ...common,
]

const start: readonly Column[] = [
  ['start ms', 'start_ms'],
  ['RSS MB', 'rss_mb'],
]

const growth: readonly Column[] = [
  ['minutes', 'minutes'],
  ['messages/s', 'delivered_per_s'],
  ['heap before MB', 'heap_before_mb'],
  ['heap after MB', 'heap_after_mb'],
  ['RSS before MB', 'rss_before_mb'],
  ['RSS after MB', 'rss_after_mb'],
  ...common,
  ['exactly once', exactly],
]

const columns: Readonly<Record<string, readonly Column[]>> = {
  login: logins,
  idle,
  idletls: idle,
  presence,
  s2s: federated,
  pep: events,
  start,
  growth,
}

/** What makes two rows of a part the same figure. */
const keys = ['label', 'variant', 'test', 'tls', 'offered', 'pairs', 'mech', 'conns', 'direction'] as const

function lines(results: Results, section: Section): Row[][] {
  const groups = new Map<string, Row[]>()
  for (const row of results.rows(section.name, {})) {
    if (row['test'] === 'archives') continue
    const key = JSON.stringify(keys.map((name) => row[name]))
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()]
}

/** Whether what was to be archived is there, for each server. */
function archives(results: Results, section: Section): string {
  const checks = results.rows(section.name, { test: 'archives' })
  if (checks.length === 0) return ''
  const missing = checks.filter((row) => row['asked'] !== row['with_archived_messages'])
  const labels = [...new Set(missing.map((row) => `${row['label']} ${row['variant']}`))]
  return missing.length === 0
    ? `\n\nThe archives had the messages after each of the ${checks.length} runs.`
    : `\n\n**Archives without the messages: ${labels.join(', ')}.**`
}

const called = ([row]: readonly Row[]): string => [row?.['label'], row?.['variant']].filter(Boolean).join(' ')

function show(results: Results, section: Section): string {
  const shown = columns[section.name] ?? messages
  const groups = lines(results, section)
  if (groups.length === 0) return ''
  const cell =
    (rows: readonly Row[]) =>
    ([, value]: Column) =>
      typeof value === 'string' ? field(rows, value) : value(rows)
  const body = groups.map((rows) => [called(rows), shown.map(cell(rows)), String(rows.length)].flat())
  const head = ['server', ...shown.map(([name]) => name), 'n']
  return `### ${section.title}\n\n${table(head, body)}${archives(results, section)}\n`
}

/** All tables. */
export const tables = (results: Results): string =>
  sections
    .map((section) => show(results, section))
    .filter(Boolean)
    .join('\n')
