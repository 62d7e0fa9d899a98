/** What a test of the generator is told on its command line, with bounds: a typing error must not make a million connections. */
import { parseArgs } from 'node:util'
import type { Subjects } from '../meters/window.ts'
import type { Mechanism } from './client.ts'

const number = (normal: number, most: number) => ({ normal, most })

/** Every number that a test may be given: its default, and the most that is allowed. */
const numbers = {
  port: number(5222, 65_535),
  /** Where the server listens for other servers. */
  s2s: number(5269, 65_535),
  /** Accounts to register, or the first that are used. */
  users: number(1000, 15_000),
  /** Logins and other work under way at once. */
  concurrency: number(50, 500),
  pairs: number(200, 7500),
  /** Messages a second; 0 is saturation. */
  rate: number(0, 200_000),
  /** Messages under way for each pair at saturation. */
  window: number(5, 1000),
  /** Seconds that are measured. */
  seconds: number(10, 3600),
  /** Seconds before. */
  warmup: number(3, 120),
  /** Seconds without a message before those that are missing count as lost. */
  drain: number(10, 120),
  /** Bytes of a message's body. */
  body: number(150, 60_000),
  /** Seconds for memory to settle, and seconds of silence that are measured then. */
  settle: number(10, 120),
  silence: number(10, 120),
  contacts: number(200, 2000),
  rounds: number(50, 10_000),
  /** Seconds that any login step may take. */
  timeout: number(60, 600),
  /** Which repetition this is. */
  rep: number(0, 1000),
}

/** Names of numbers, as they stand on the command line. */
export type NumberName = keyof typeof numbers

/** What a test was told. */
export interface LoadOptions {
  readonly domain: string
  readonly tls: boolean
  readonly mechanism: Mechanism
  readonly subjects: Subjects
  readonly label: string
  readonly variant: string
  /** File with salted passwords of earlier runs. */
  readonly salted: string
  /** First letters of the accounts and of their passwords. */
  readonly prefix: string
  /** Numbers of sessions at which memory is read. */
  readonly steps: readonly number[]
  /** Clients use carbons and stream management. */
  readonly extensions: boolean
  /** Messages come from the other server that the generator plays, or go to it. */
  readonly direction: 'in' | 'out'
  readonly checkArchive: boolean
  readonly number: (name: NumberName) => number
}

const pids = (text: string | undefined) => (text ?? '').split(',').filter(Boolean).map(Number)

function bounded(name: NumberName, text: string | undefined): number {
  const value = text === undefined ? numbers[name].normal : Number(text)
  if (value >= 0 && value <= numbers[name].most) return value
  throw new Error(`--${name} wants a number up to ${numbers[name].most}, got ${text}`)
}

const mechanism = (text: string): Mechanism => {
  if (text === 'auto' || text === 'PLAIN' || text === 'SCRAM-SHA-1') return text
  throw new Error(`--mechanism wants auto, PLAIN or SCRAM-SHA-1, got ${text}`)
}

const direction = (text: string): 'in' | 'out' => {
  if (text === 'in' || text === 'out') return text
  throw new Error(`--direction wants in or out, got ${text}`)
}

/** Reads the arguments behind the name of the test. */
export function loadOptions(args: string[]): LoadOptions {
  const text = { type: 'string' } as const
  const named = Object.fromEntries(Object.keys(numbers).map((name) => [name, text]))
  const words = { domain: text, mechanism: text, pid: text, beside: text, label: text, variant: text, salted: text }
  const flags = {
    tls: { type: 'boolean' },
    extensions: { type: 'boolean' },
    'check-archive': { type: 'boolean' },
  } as const
  const options = { ...named, ...words, prefix: text, steps: text, direction: text, ...flags }
  const values = parseArgs({ args, options }).values as Readonly<Record<string, string | boolean | undefined>>
  const word = (name: string, normal: string) => String(values[name] ?? normal)
  return {
    domain: word('domain', 'bench.test'),
    tls: values['tls'] === true,
    mechanism: mechanism(word('mechanism', 'auto')),
    subjects: { server: pids(word('pid', '')), beside: pids(word('beside', '')) },
    label: word('label', ''),
    variant: word('variant', ''),
    salted: word('salted', ''),
    prefix: word('prefix', 'u'),
    steps: pids(word('steps', '5000,10000')).map((step) => bounded('users', String(step))),
    extensions: values['extensions'] === true,
    direction: direction(word('direction', 'in')),
    checkArchive: values['check-archive'] === true,
    number: (name) => bounded(name, values[name] as string | undefined),
  }
}
