/** The parts of the benchmark: which peers each one measures, with which profile, and what it runs. */
import type { Snapshot } from './accounts.ts'
import type { LoadWords } from './load.ts'
import type { Profile } from './peers/peer.ts'

/** How long and how much. */
export interface Effort {
  readonly seconds: number
  readonly warmup: number
  readonly pairs: number
  readonly logins: number
  /** Numbers of idle sessions. */
  readonly sessions: readonly number[]
  /** Users of the login storm. */
  readonly storm: number
  readonly contacts: number
  /** Minutes at half of the rate of saturation, for the growth of the heap. */
  readonly minutes: number
}

/** One call of the generator. */
export interface Step {
  readonly test: string
  readonly words: LoadWords
  /** The server is started on fresh data before it: what it costs depends on what is stored. */
  readonly fresh?: boolean
}

/** One part. */
export interface Section {
  readonly name: string
  /** What it is about, for people. */
  readonly title: string
  readonly peers: readonly string[]
  /** Profiles; a peer that has none of them takes no part. */
  readonly profiles: readonly Profile[]
  readonly snapshot: Snapshot
  readonly steps: (effort: Effort, profile: Profile) => readonly Step[]
  /** `start` and `growth` do more than call the generator. */
  readonly special?: 'start' | 'growth'
  /** How often it is repeated at most. */
  readonly once?: boolean
}

const all = ['meerkat', 'ejabberd', 'prosody', 'node-router']
const servers = ['meerkat', 'ejabberd', 'prosody']

const at = ({ pairs, seconds, warmup }: Effort, rate: number, more: LoadWords = {}, fresh = false): Step => ({
  test: 'route',
  fresh,
  words: { pairs, seconds, warmup, rate, ...more },
})

const archiveSteps = (effort: Effort, more: LoadWords = {}): Step[] =>
  [500, 0].map((rate) => at(effort, rate, { drain: 60, 'check-archive': true, ...more }, true))

const idleStep = ({ sessions }: Effort, tls: boolean): Step[] => [
  { test: 'idle', words: { steps: sessions.join(','), tls }, fresh: true },
]

/** Every contact of the popular user speaks with somebody at another server. */
const federated = ({ contacts: pairs, seconds, warmup }: Effort, direction: 'in' | 'out', rate: number): Step => ({
  test: 's2s',
  words: { pairs, seconds, warmup, rate, direction },
})

/** All parts, in the order in which they run. */
export const sections: readonly Section[] = [
  {
    name: 'start',
    title: 'Start',
    peers: all,
    profiles: ['base'],
    snapshot: 'accounts',
    special: 'start',
    steps: () => [],
  },
  {
    name: 'route',
    title: 'One-to-one messages',
    peers: all,
    profiles: ['base'],
    snapshot: 'accounts',
    // Saturation first: servers that compile while they run are then as warm as they are for all of their lives but the first seconds.
    steps: (effort) => [0, 2000, 5000, 10_000].map((rate) => at(effort, rate)),
  },
  {
    name: 'tls',
    title: 'One-to-one messages over TLS',
    peers: all,
    profiles: ['base'],
    snapshot: 'accounts',
    steps: (effort) => [0, 2000].map((rate) => at(effort, rate, { tls: true })),
  },
  {
    name: 'mam',
    title: 'Archive on',
    peers: servers,
    profiles: ['mam', 'mam-process'],
    snapshot: 'accounts',
    steps: (effort) => archiveSteps(effort),
  },
  {
    name: 'full',
    title: 'Everything on',
    peers: servers,
    profiles: ['full'],
    snapshot: 'accounts',
    steps: (effort) => archiveSteps(effort, { extensions: true }),
  },
  {
    name: 'login',
    title: 'Logins',
    peers: all,
    profiles: ['base'],
    snapshot: 'accounts',
    // Each after a start of its own, so that the first round is what it says.
    steps: ({ logins: users }) => [
      { test: 'logins', words: { users, mechanism: 'SCRAM-SHA-1' }, fresh: true },
      { test: 'logins', words: { users, mechanism: 'auto', tls: true }, fresh: true },
      { test: 'logins', words: { users, mechanism: 'PLAIN' }, fresh: true },
    ],
  },
  {
    name: 'idle',
    title: 'Idle sessions',
    peers: [...all, 'prosody-shipped'],
    profiles: ['base'],
    snapshot: 'accounts',
    steps: (effort) => idleStep(effort, false),
  },
  {
    name: 'idletls',
    title: 'Idle sessions over TLS',
    peers: [...all, 'prosody-shipped'],
    profiles: ['base'],
    snapshot: 'accounts',
    steps: (effort) => idleStep(effort, true),
  },
  {
    name: 'presence',
    title: 'Presence',
    peers: servers,
    profiles: ['base'],
    snapshot: 'rosters',
    steps: ({ storm: users, contacts }) => [
      { test: 'popular', words: { contacts }, fresh: true },
      { test: 'storm', words: { users }, fresh: true },
    ],
  },
  {
    name: 's2s',
    title: 'Messages from and to another server',
    peers: servers,
    profiles: ['s2s'],
    snapshot: 'contacts',
    steps: (effort) =>
      (['in', 'out'] as const).flatMap((direction) => [0, 2000].map((rate) => federated(effort, direction, rate))),
  },
  {
    name: 'pep',
    title: 'Personal eventing',
    peers: servers,
    profiles: ['pep'],
    snapshot: 'contacts',
    steps: ({ contacts, seconds, warmup }) =>
      [0, 10].map((rate) => ({ test: 'pep', words: { contacts, seconds, warmup, rate } })),
  },
  {
    name: 'flat',
    title: 'Many sessions',
    peers: ['meerkat', 'node-router'],
    profiles: ['base'],
    snapshot: 'accounts',
    // As many messages, between 400 users and between all of them.
    steps: (effort) =>
      [200, Math.floor(Math.max(...effort.sessions) / 2)].flatMap((pairs) =>
        [5000, 0].map((rate) => at({ ...effort, pairs }, rate, { window: Math.max(1, Math.floor(1000 / pairs)) })),
      ),
  },
  {
    name: 'growth',
    title: 'Heap under load',
    peers: ['meerkat'],
    profiles: ['base', 'mam'],
    snapshot: 'accounts',
    special: 'growth',
    once: true,
    steps: () => [],
  },
]

/** The section of that name. */
export function sectionCalled(name: string): Section {
  const found = sections.find((section) => section.name === name)
  if (found === undefined) throw new Error(`no part "${name}"; there are ${sections.map((one) => one.name).join(', ')}`)
  return found
}
