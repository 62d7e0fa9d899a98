/** `meerkat top`: rates, sessions and queues of a running server, in the terminal. */
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fetchText, nodeStatus } from './control.ts'
import { type ExitCode, SUCCESS } from './exit.ts'
import type { Place } from './place.ts'

const EVERY_MS = 1000

/** Figures by name, summed over their labels; those with another label than the host type also by their whole line. */
export type Figures = ReadonlyMap<string, number>

/** Reads the text format of Prometheus. Buckets are left out. */
export function readFigures(text: string): Figures {
  const figures = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#') || line.includes('_bucket{')) continue
    const end = line.lastIndexOf(' ')
    const key = line.slice(0, end)
    const value = Number(line.slice(end + 1))
    const name = key.split('{', 1)[0] ?? key
    figures.set(name, (figures.get(name) ?? 0) + value)
    if (name !== key) figures.set(key, value)
  }
  return figures
}

/** Shows them every second until Ctrl-C, or `--once`, as for a script. */
export async function top({ socket }: Place, words: readonly string[]): Promise<ExitCode> {
  const { node, version } = await nodeStatus(socket)
  let before = readFigures(await fetchText(socket, '/metrics'))
  let at = performance.now()
  do {
    await sleep(EVERY_MS)
    const now = readFigures(await fetchText(socket, '/metrics'))
    const seconds = (performance.now() - at) / 1000
    const screen = screenText(`Meerkat ${version} on ${node}`, before, now, seconds)
    // Home and clear, so that nothing flickers.
    console.log(process.stdout.isTTY ? `\u001B[H\u001B[2J${screen}` : screen)
    before = now
    at = performance.now()
  } while (!words.includes('--once'))
  return SUCCESS
}

/** What is on the screen, from the figures of two moments. */
export function screenText(title: string, before: Figures, now: Figures, seconds: number): string {
  const value = (name: string): number => now.get(name) ?? 0
  const rate = (name: string): string => perSecond((value(name) - (before.get(name) ?? 0)) / seconds)
  const row = (name: string, ...cells: readonly string[]): string =>
    `${name.padEnd(22)}${cells.map((cell) => cell.padStart(14)).join('')}`
  const mean = (name: string): string => {
    const count = value(`${name}_count`) - (before.get(`${name}_count`) ?? 0)
    const sum = value(`${name}_sum`) - (before.get(`${name}_sum`) ?? 0)
    return count === 0 ? '-' : `${(sum / count / 1000).toFixed(2)} ms`
  }
  return [
    `${title}, up ${Math.floor(value('system_up_time_seconds') / 60)} minutes`,
    '',
    row('', 'now'),
    row('sessions', String(value('sm_total_sessions_count'))),
    row('users', String(value('sm_unique_sessions_count'))),
    row('connections', String(value('system_tcp_ports_count'))),
    row('memory', `${Math.round(value('system_memory_total') / 1_048_576)} MiB`),
    row('event loop', `${Math.round(value('meerkat_event_loop_utilization') * 100)} %`),
    '',
    row('per second', 'in', 'out'),
    ...(['message', 'presence', 'iq', 'error'] as const).map((kind) =>
      row(`${kind}s`, rate(`xmpp_element_in_${kind}_count`), rate(`xmpp_element_out_${kind}_count`)),
    ),
    row('bytes, TCP', rate('tcp_data_in_byte_size'), rate('tcp_data_out_byte_size')),
    row('bytes, TLS', rate('tls_data_in_byte_size'), rate('tls_data_out_byte_size')),
    row('log-ins, log-outs', rate('sm_session_logins'), rate('sm_session_logouts')),
    row('failed log-ins', rate('c2s_auth_failed_count')),
    row('a message takes', mean('c2s_message_processed_time')),
    '',
    row('since the start', 'count'),
    row('refused stanzas', String(value('meerkat_stanzas_refused_count'))),
    row('failed commits', String(value('meerkat_commits_failed_count'))),
    row('slow readers closed', String(value('meerkat_slow_readers_closed_count'))),
    row('unexpected errors', String(value('meerkat_unexpected_errors_count'))),
    ...sinkRows(now, row),
  ].join('\n')
}

/** What waits for each sink of events. */
function sinkRows(now: Figures, row: (name: string, ...cells: readonly string[]) => string): string[] {
  const sinks = [...now].filter(([key]) => key.startsWith('meerkat_events_waiting{'))
  if (sinks.length === 0) return []
  const nameOf = (key: string): string => /sink="([^"]*)"/.exec(key)?.[1] ?? key
  return ['', row('events', 'waiting'), ...sinks.map(([key, count]) => row(nameOf(key), String(count)))]
}

const perSecond = (rate: number): string => (rate >= 100 || rate === 0 ? Math.round(rate).toString() : rate.toFixed(1))
