import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeAims } from './aims.ts'
import { Results, median } from './results.ts'
import { tables } from './tables.ts'

const route = (label: string, cpu: number, p99: number, rep = 1) => ({
  section: 'route',
  test: 'route',
  label,
  variant: '',
  rep,
  offered: 'saturation',
  pairs: 200,
  cpu_us_per_msg: cpu,
  p99_ms: p99,
  exactly_once: true,
})

const verdict = (results: Results, work: string) => judgeAims(results).find((one) => one.work.startsWith(work))

test('the median is the middle, or the mean of both middles', () => {
  assert.equal(median([]), undefined)
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
})

test('an aim compares with the better rival and with the bare router', () => {
  const others = [route('ejabberd', 90, 170), route('prosody', 68, 160), route('node-router', 10, 46)]
  const good = verdict(new Results([...others, route('meerkat', 15, 100)]), 'message at saturation, CPU')
  assert.equal(good?.reached, true)
  assert.equal(good?.rival, '68 (prosody): 4.53×')
  assert.equal(good?.router, '10: 1.50×')
  assert.equal(
    verdict(new Results([...others, route('meerkat', 15.5, 100)]), 'message at saturation, CPU')?.reached,
    false,
  )
})

test('the time to delivery may be that of the better rival, or 1.3 times the router’s', () => {
  const work = 'time to delivery p99 at saturation'
  const others = [route('ejabberd', 90, 20), route('prosody', 68, 160), route('node-router', 10, 46)]
  assert.equal(verdict(new Results([...others, route('meerkat', 15, 59)]), work)?.reached, true)
  assert.equal(verdict(new Results([...others, route('meerkat', 15, 61)]), work)?.reached, false)
})

test('an aim is neither reached nor missed while something is not measured', () => {
  const results = new Results([route('meerkat', 15, 100)])
  assert.equal(verdict(results, 'message at saturation, CPU')?.reached, undefined)
  assert.ok(judgeAims(new Results([])).every(({ reached }) => reached === undefined))
})

const federated = (label: string, variant: string, direction: string, cpu: number) => ({
  ...route(label, cpu, 10),
  section: 's2s',
  test: 's2s',
  variant,
  direction,
})

test('the directions between servers are judged, and stand in the table, by themselves', () => {
  const figures = { meerkat: [10, 20], ejabberd: [60, 45], prosody: [100, 75] }
  const rows = Object.entries(figures).flatMap(([label, [from, to]]) => [
    federated(label, 's2s', 'in', from!),
    federated(label, 's2s', 'out', to!),
  ])
  const results = new Results(rows)
  assert.equal(verdict(results, 'message from another server at saturation')?.reached, true)
  assert.equal(verdict(results, 'message to another server at saturation')?.reached, false)
  assert.match(tables(results), /^\| meerkat s2s \| out \| saturation \| – \| 20 \|/m)
})

const login = (label: string, first: number, cpu: number) => ({
  section: 'login',
  test: 'logins',
  label,
  variant: '',
  rep: 1,
  tls: 'none',
  mech: 'SCRAM-SHA-1',
  cpu_ms_per_login: cpu,
  first_cpu_ms_per_login: first,
})

test('logins are judged by the second round, and by the first one after a start', () => {
  const results = new Results([login('meerkat', 0.7, 0.4), login('prosody', 0.8, 0.9)])
  assert.equal(verdict(results, 'login SCRAM-SHA-1, CPU')?.reached, true)
  const first = verdict(results, 'login SCRAM-SHA-1, the first ones after a start')
  assert.deepEqual([first?.meerkat, first?.reached], ['0.7 ms', false])
  assert.match(tables(results), /^\| meerkat \| SCRAM-SHA-1 \| – \| – \| 0.4 \| 0.7 \|/m)
})

test('a table has a line for each server with the median of its repetitions', () => {
  const rows = [route('meerkat', 15, 100), route('meerkat', 17, 100, 2), route('meerkat', 30, 100, 3)]
  const text = tables(new Results(rows))
  assert.match(text, /^\| meerkat \| saturation \| 400 \| – \| 17 \| – \|.*\| yes \| 3 \|$/m)
  const lost = { ...route('meerkat', 15, 100), exactly_once: false }
  assert.match(tables(new Results([...rows, lost])), /\| NO \| 4 \|/)
})
