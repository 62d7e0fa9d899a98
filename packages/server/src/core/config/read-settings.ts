/** Reads a section of the configuration by its declared settings, and finds every problem of it at once. */

import { type ReadContext, type Setting, type Settings, type Values, sectionSchema } from '../settings.ts'
import { nearest } from './nearest.ts'

/** A place in the configuration: keys, and positions in arrays counted from 0. */
export type Path = readonly (string | number)[]

/** Something in the configuration that keeps the server from starting. */
export interface Finding {
  readonly path: Path
  /** What is wanted, or what is wrong. */
  readonly message: string
  /** What was written; undefined when nothing was, or when it must not be shown. */
  readonly value?: unknown
  /** The key that was probably meant. */
  readonly suggestion?: string
}

/** The values of a section, or the reasons why there are none. */
export type Reading<S extends Settings> =
  | { readonly values: Values<S>; readonly findings?: never }
  | { readonly values?: never; readonly findings: readonly Finding[] }

/** Reads `input`, found at `path`, as a section with these settings. */
export function readSettings<S extends Settings>(
  settings: S,
  input: unknown,
  context: ReadContext,
  path: Path = [],
): Reading<S> {
  const result = sectionSchema(settings, context).safeParse(input)
  // The schema is built from `settings`, key by key, so its output has their values' types.
  if (result.success) return { values: result.data as Values<S> }

  const findings: Finding[] = []
  for (const { path: at, message, unknownKeys: keys } of result.error.issues) {
    if (keys !== undefined) findings.push(...unknownKeys(settings, input, at, keys, path))
    else findings.push(wrongValue(settings, input, at, message, path))
  }
  return { findings }
}

function unknownKeys(settings: Settings, input: unknown, at: Path, keys: readonly string[], path: Path): Finding[] {
  const siblings = settingsAt(settings, at) ?? {}
  return keys.map((key) => {
    const suggestion = nearest(key, Object.keys(siblings))
    const value = mayBeSecret(key, suggestion, siblings) ? undefined : shown(valueAt(input, [...at, key]))
    const finding = { path: [...path, ...at, key], message: 'is not a known key' }
    return { ...finding, ...(value !== undefined && { value }), ...(suggestion !== undefined && { suggestion }) }
  })
}

/** Whether what stands under an unknown key may be a secret, by its name or since a sibling it could stand for is one. */
function mayBeSecret(key: string, suggestion: string | undefined, siblings: Settings): boolean {
  if (isSecretName(key)) return true
  const meant = suggestion === undefined ? Object.values(siblings) : [siblings[suggestion]]
  return meant.some((setting) => setting?.secret === true)
}

function wrongValue(settings: Settings, input: unknown, at: Path, message: string, path: Path): Finding {
  const value = valueAt(input, at)
  const where = [...path, ...at]
  if (value === undefined) return { path: where, message: message.replace(/^wants/u, 'is missing: wants') }
  return isSecret(settings, at) ? { path: where, message } : { path: where, message, value: shown(value) }
}

/** Whether an unknown key may be a misspelt or misplaced secret, going by its name. */
export const isSecretName = (key: string): boolean => /pass|passwd|pwd|secret|token|key|auth/iu.test(key)

/** A value that may be printed: not a table or a list, which may hold a secret under any key. */
export const shown = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !(value instanceof Date) ? undefined : value

/** What the parsed configuration holds at `path`. */
export function valueAt(input: unknown, path: Path): unknown {
  let value = input
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Readonly<Record<string | number, unknown>>)[step]
  }
  return value
}

/** The setting declared for `path`, or undefined. */
export function settingAt(settings: Settings, path: Path): Setting<unknown> | undefined {
  let found: Setting<unknown> | undefined
  let names: Settings | undefined = settings
  for (const step of path) {
    if (names !== undefined && typeof step === 'string') found = names[step]
    else if (found?.inside.kind === 'list' || found?.inside.kind === 'record') found = found.inside.of
    else if (found?.inside.kind !== 'tables') return undefined
    names = namesInside(found, step)
  }
  return found
}

function namesInside(setting: Setting<unknown> | undefined, step: string | number): Settings | undefined {
  if (setting?.inside.kind === 'section') return setting.inside.settings
  return setting?.inside.kind === 'tables' && typeof step === 'number' ? setting.inside.settings : undefined
}

function settingsAt(settings: Settings, path: Path): Settings | undefined {
  return path.length === 0 ? settings : namesInside(settingAt(settings, path), path.at(-1)!)
}

function isSecret(settings: Settings, path: Path): boolean {
  return path.some((_, index) => settingAt(settings, path.slice(0, index + 1))?.secret === true)
}

/** Calls `visit` with every written value that has a declared setting, sections included. */
export function eachWritten(
  settings: Settings,
  input: unknown,
  visit: (path: Path, setting: Setting<unknown>, value: unknown) => void,
  path: Path = [],
): void {
  for (const [name, setting] of Object.entries(settings)) {
    const value = valueAt(input, [name])
    if (value !== undefined) visitWritten(setting, value, visit, [...path, name])
  }
}

function visitWritten(
  setting: Setting<unknown>,
  value: unknown,
  visit: (path: Path, setting: Setting<unknown>, value: unknown) => void,
  path: Path,
): void {
  visit(path, setting, value)
  const { inside } = setting
  if (inside.kind === 'section') eachWritten(inside.settings, value, visit, path)
  else if (inside.kind === 'tables' && Array.isArray(value)) {
    value.forEach((table, index) => eachWritten(inside.settings, table, visit, [...path, index]))
  } else if (inside.kind === 'list' && Array.isArray(value)) {
    value.forEach((item, index) => visitWritten(inside.of, item, visit, [...path, index]))
  } else if (inside.kind === 'record' && typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) visitWritten(inside.of, item, visit, [...path, key])
  }
}
