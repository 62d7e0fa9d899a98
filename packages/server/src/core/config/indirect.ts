/** Values that stand elsewhere: `password = {env = "NAME"}` or `{file = "path"}` in place of any text. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Setting, Settings } from '../settings.ts'
import { type Finding, type Path, eachWritten } from './read-settings.ts'

/** Where values are taken from. */
export interface Elsewhere {
  /** Relative file names are resolved against it. */
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A section with its values in place. */
export interface Resolved {
  readonly input: unknown
  /** Where each value came from, in words, by the text of its path; such a value is never printed. */
  readonly sources: ReadonlyMap<string, string>
  readonly findings: readonly Finding[]
  /** What must never be printed: values from elsewhere and those of secret settings. */
  readonly secrets: readonly string[]
}

/** The key of a path in `Resolved.sources`. */
export const pathKey = (path: Path): string => JSON.stringify(path)

/** Puts values in the place of what points to them. `input` itself is not changed. */
export function resolveIndirect(settings: Settings, input: unknown, elsewhere: Elsewhere): Resolved {
  const sources = new Map<string, string>()
  const findings: Finding[] = []
  const secrets: string[] = []
  let output = input
  eachWritten(settings, input, (path, setting, value) => {
    if (setting.secret && typeof value === 'string') secrets.push(value)
    const pointer = setting.inside.kind === 'leaf' ? pointerOf(value) : undefined
    if (pointer === undefined) return
    const source = pointer.env === undefined ? `the file ${pointer.file}` : `the environment variable ${pointer.env}`
    sources.set(pathKey(path), source)
    const read = pointer.env === undefined ? fromFile(pointer.file, elsewhere) : fromEnv(pointer.env, elsewhere)
    if (read.value === undefined) findings.push({ path, message: `${source} ${read.problem}` })
    else {
      secrets.push(read.value)
      output = withValue(output, path, converted(setting, read.value))
    }
  })
  return { input: output, sources, findings, secrets }
}

type Pointer = { readonly env: string; readonly file?: never } | { readonly env?: never; readonly file: string }

/** A table with the one key `env` or `file`. */
function pointerOf(value: unknown): Pointer | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const [entry, ...more] = Object.entries(value as Record<string, unknown>)
  if (entry === undefined || more.length > 0 || typeof entry[1] !== 'string') return undefined
  if (entry[0] === 'env') return { env: entry[1] }
  return entry[0] === 'file' ? { file: entry[1] } : undefined
}

type Read = { readonly value: string; readonly problem?: never } | { readonly value?: never; readonly problem: string }

function fromEnv(name: string, { env }: Elsewhere): Read {
  const value = env[name]
  return value === undefined ? { problem: 'is not set' } : { value }
}

/** A line end at the end of the file is no part of the value. */
function fromFile(name: string, { folder }: Elsewhere): Read {
  try {
    return { value: readFileSync(resolve(folder, name), 'utf8').replace(/\r?\n$/u, '') }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { problem: code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})` }
  }
}

/** The environment knows texts only: where a number or a truth value is wanted, a text that reads as one is taken as one. */
function converted(setting: Setting<unknown>, value: string): unknown {
  const accepts = (candidate: unknown): boolean => setting.schema({ folder: '.' }).safeParse(candidate).success
  if (/^-?\d{1,15}$/u.test(value) && !accepts(value)) return Number(value)
  if ((value === 'true' || value === 'false') && !accepts(value)) return value === 'true'
  return value
}

/** A copy with another value at `path`; what lies beside the path is shared. */
function withValue(input: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) return value
  const inside = (input as Readonly<Record<string | number, unknown>>)[step]
  const changed = withValue(inside, rest, value)
  if (Array.isArray(input)) return input.map((item: unknown, index) => (index === step ? changed : item))
  return { ...(input as object), [step]: changed }
}
