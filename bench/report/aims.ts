/** What Meerkat wants to reach, and whether the results show it. */
import { rivals } from '../peers/all.ts'
import { number, times } from './format.ts'
import type { Match, Results } from './results.ts'

/** One line of the table of aims. */
export interface Verdict {
  readonly work: string
  readonly aim: string
  readonly meerkat: string
  /** The better rival, and how many times what Meerkat needs. */
  readonly rival: string
  /** The bare router, and how much of it Meerkat needs. */
  readonly router: string
  /** Undefined when something was not measured. */
  readonly reached: boolean | undefined
}

/** Where a figure stands. */
interface Where {
  readonly section: string
  readonly match: Match
  readonly field: string
  readonly unit: string
}

const BASE = { variant: '' }

class Judge {
  readonly #results: Results

  constructor(results: Results) {
    this.#results = results
  }

  of(label: string, { section, match, field }: Where, variant?: string): number | undefined {
    return this.#results.median(section, { ...match, label, ...(variant === undefined ? {} : { variant }) }, field)
  }

  /** The better rival's figure, whatever profile it has; and its name. */
  best(where: Where): { readonly name: string; readonly value: number } | undefined {
    const measured = [...rivals, 'prosody-shipped'].map((name) => ({ name, value: this.of(name, where) ?? Number.NaN }))
    return measured.filter(({ value }) => !Number.isNaN(value)).toSorted((a, b) => a.value - b.value)[0]
  }

  /** At least `less` times less than the better rival, and at most `more` times the bare router. */
  ratio(
    work: string,
    where: Where,
    less: number,
    { more, variant }: { more?: number; variant?: string } = {},
  ): Verdict {
    const own = this.of('meerkat', where, variant ?? '')
    const rival = this.best(where)
    const router = more === undefined ? undefined : this.of('node-router', where)
    const known = own !== undefined && rival !== undefined && (more === undefined || router !== undefined)
    const reached = known && rival.value / own >= less && (router === undefined || own / router <= more!)
    return {
      work,
      aim: `${less === 1 ? 'no rival ahead' : `≥ ${less}× less`}${more === undefined ? '' : `, ≤ ${more}× router`}`,
      ...this.#told(where, own, rival, router),
      reached: known ? reached : undefined,
    }
  }

  #told(
    { unit }: Where,
    own: number | undefined,
    rival: { readonly name: string; readonly value: number } | undefined,
    router: number | undefined,
  ) {
    return {
      meerkat: number(own, unit),
      rival: rival === undefined ? '–' : `${number(rival.value)} (${rival.name}): ${times(rival.value, own)}`,
      router: router === undefined ? '–' : `${number(router)}: ${times(own, router)}`,
    }
  }

  /** No later than the better rival or 1.3 times the bare router, whichever is larger. */
  delivery(work: string, where: Where): Verdict {
    const own = this.of('meerkat', where)
    const rival = this.best(where)
    const router = this.of('node-router', where)
    const known = own !== undefined && rival !== undefined && router !== undefined
    return {
      work,
      aim: '≤ better rival or 1.3× router',
      ...this.#told(where, own, rival, router),
      reached: known ? own <= Math.max(rival.value, 1.3 * router) : undefined,
    }
  }

  /** At most so much, by itself. */
  atMost(work: string, where: Where, most: number | undefined, aim: string): Verdict {
    const own = this.of('meerkat', where)
    return {
      work,
      aim,
      ...this.#told(where, own, this.best(where), this.of('node-router', where)),
      reached: own === undefined || most === undefined ? undefined : own <= most,
    }
  }
}

const route = (offered: number | 'saturation', field = 'cpu_us_per_msg', unit = 'µs'): Where => ({
  section: 'route',
  match: { offered },
  field,
  unit,
})

const offers = [2000, 5000, 10_000, 'saturation'] as const
const rate = (offered: number | 'saturation') =>
  offered === 'saturation' ? 'at saturation' : `at ${number(offered)}/s`

function messages(judge: Judge): Verdict[] {
  const less = { 2000: 2, 5000: 2.5, 10_000: 2.5, saturation: 4.5 }
  const overTls: Where = { section: 'tls', match: { offered: 'saturation' }, field: 'cpu_us_per_msg', unit: 'µs' }
  return [
    ...offers.map((offered) =>
      judge.ratio(`message ${rate(offered)}, CPU`, route(offered), less[offered], { more: 1.5 }),
    ),
    judge.ratio('message at saturation over TLS, CPU', overTls, 3, { more: 1.5 }),
    ...offers.map((offered) => judge.delivery(`time to delivery p99 ${rate(offered)}`, route(offered, 'p99_ms', 'ms'))),
  ]
}

function stored(judge: Judge): Verdict[] {
  const archive = (offered: number | 'saturation'): Where => ({
    section: 'mam',
    match: { test: 'route', offered },
    field: 'cpu_us_per_msg',
    unit: 'µs',
  })
  const names = { mam: '“power”', 'mam-process': '“process”' }
  const lines = Object.entries(names).flatMap(([variant, name]) => [
    judge.ratio(`archived message at 500/s, durability ${name}, CPU`, archive(500), 1, { variant }),
    judge.ratio(`archived message at saturation, durability ${name}, CPU`, archive('saturation'), 5, { variant }),
  ])
  const full: Where = {
    section: 'full',
    match: { test: 'route', offered: 'saturation' },
    field: 'cpu_us_per_msg_settled',
    unit: 'µs',
  }
  return [...lines, judge.ratio('message at saturation, everything on, CPU', full, 3, { variant: 'full' })]
}

function users(judge: Judge): Verdict[] {
  const login = (mech: string, tls: string): Where => ({
    section: 'login',
    match: { mech, tls },
    field: 'cpu_ms_per_login',
    unit: 'ms',
  })
  const [scram, overTls, plain] = [login('SCRAM-SHA-1', 'none'), login('auto', 'starttls'), login('PLAIN', 'none')]
  // What the round before the one that counts has cost.
  const first = (where: Where): Where => ({ ...where, field: `first_${where.field}` })
  const idle = (section: string): Where => ({ section, match: { conns: 10_000 }, field: 'rss_kb_per_conn', unit: 'kB' })
  const bare = judge.of('node-router', idle('idletls'))
  const presence = (test: string, field: string): Where => ({ section: 'presence', match: { test }, field, unit: 'ms' })
  const storm = presence('storm', 'cpu_ms_per_login')
  const popular = presence('popular', 'cpu_ms_per_round')
  return [
    judge.ratio('login SCRAM-SHA-1, CPU', scram, 2),
    judge.ratio('login SCRAM-SHA-1, the first ones after a start, CPU', first(scram), 2),
    judge.ratio('login over TLS, CPU', overTls, 1.5),
    judge.ratio('login over TLS, the first ones after a start, CPU', first(overTls), 1.5),
    judge.ratio('login PLAIN, CPU', plain, 2),
    judge.ratio('login PLAIN, the first ones after a start, CPU', first(plain), 2),
    judge.atMost('idle session, RSS', idle('idle'), 14, '≤ 14 kB'),
    judge.atMost(
      'idle session over TLS, RSS',
      idle('idletls'),
      bare === undefined ? bare : bare + 10,
      '≤ bare Node TLS + 10 kB',
    ),
    judge.ratio('a user with 200 online contacts comes and goes, CPU', popular, 3),
    judge.ratio('the same, the first times after a start, CPU', first(popular), 3),
    judge.ratio('login storm, 2,000 users with rosters of 50, CPU each', storm, 3),
    judge.ratio('the same storm, the first one after a start, CPU each', first(storm), 3),
  ]
}

/** What goes to others: to another server and from it, and to all contacts. */
function beyond(judge: Judge): Verdict[] {
  const ways = { in: 'from', out: 'to' }
  const federated = (direction: string, offered: number | 'saturation'): Where => ({
    section: 's2s',
    match: { direction, offered },
    field: 'cpu_us_per_msg',
    unit: 'µs',
  })
  const published = (offered: number | 'saturation'): Where => ({
    section: 'pep',
    match: { offered },
    field: 'cpu_ms_per_publish',
    unit: 'ms',
  })
  const lines = Object.entries(ways).flatMap(([direction, way]) =>
    ([2000, 'saturation'] as const).map((offered) => {
      const less = offered === 'saturation' ? 3 : 2
      const work = `message ${way} another server ${rate(offered)}, CPU`
      return judge.ratio(work, federated(direction, offered), less, { variant: 's2s' })
    }),
  )
  return [
    ...lines,
    judge.ratio('item for 200 online contacts, 10/s, CPU', published(10), 2, { variant: 'pep' }),
    judge.ratio('item for 200 online contacts, one after the other, CPU', published('saturation'), 3, {
      variant: 'pep',
    }),
  ]
}

function alone(judge: Judge, results: Results): Verdict[] {
  const start = (field: string, unit: string): Where => ({ section: 'start', match: BASE, field, unit })
  const nobody = { rival: '–', router: '–' }
  const flat = (label: string) => {
    const pairs = results.values('flat', { label }, 'pairs').map(Number)
    const at = (count: number) =>
      results.median('flat', { label, offered: 5000, pairs: count }, 'cpu_us_per_msg') ?? Number.NaN
    return at(Math.max(...pairs)) / at(Math.min(...pairs))
  }
  const [own, router] = [flat('meerkat'), flat('node-router')]
  const sections = [
    'route',
    'tls',
    'mam',
    'full',
    'login',
    'idle',
    'idletls',
    'presence',
    's2s',
    'pep',
    'flat',
    'growth',
  ]
  const delays = sections.flatMap((section) => results.numbers(section, { label: 'meerkat' }, 'loop_p999_ms'))
  const growth = results
    .rows('growth', { label: 'meerkat' })
    .map((row) => [Number(row['heap_before_mb']), Number(row['heap_after_mb'])] as const)
  return [
    judge.atMost('start to accepting', start('start_ms', 'ms'), 1000, '< 1 s'),
    judge.atMost('RSS with no session', start('rss_mb', 'MB'), 90, '< 90 MB'),
    {
      work: 'CPU of a message between 10,000 sessions, compared with 400',
      aim: 'flat (within 10 % of what the router’s grows)',
      ...nobody,
      meerkat: times(own, 1),
      router: times(router, 1),
      reached: Number.isNaN(own / router) ? undefined : own <= 1.1 * Math.max(1, router),
    },
    {
      work: 'event loop delay p99.9, the worst of all loads',
      aim: '≤ 50 ms',
      ...nobody,
      meerkat: number(delays.length === 0 ? undefined : Math.max(...delays), 'ms'),
      reached: delays.length === 0 ? undefined : Math.max(...delays) <= 50,
    },
    {
      work: 'heap after minutes at half of saturation, plain / archived',
      aim: 'no growth (5 %)',
      ...nobody,
      meerkat: growth.map(([before, after]) => `${number(before)} → ${number(after)} MB`).join(' / ') || '–',
      reached: growth.length === 0 ? undefined : growth.every(([before, after]) => after <= before * 1.05 + 0.5),
    },
  ]
}

/** All aims, judged. */
export function judgeAims(results: Results): Verdict[] {
  const judge = new Judge(results)
  return [...messages(judge), ...stored(judge), ...users(judge), ...beyond(judge), ...alone(judge, results)]
}
