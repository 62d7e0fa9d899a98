/** Turns declared settings into rows for the generated reference. */

import { type Setting, type Settings } from '../settings.ts'

/** One line of the reference. */
export interface SettingRow {
  /** Keys joined by dots; `[]` after an array of tables, `NAME` for a key that the operator chooses. */
  readonly path: string
  readonly type: string
  /** As it would be written in the file; empty when there is none, `mandatory` when one must be written. */
  readonly default: string
  readonly doc: string
  readonly reload: 'live' | 'restart'
}

/** A row per setting, sections before what is in them. */
export function describeSettings(settings: Settings, path = ''): SettingRow[] {
  return Object.entries(settings).flatMap(([name, setting]) =>
    describe(setting, path === '' ? name : `${path}.${name}`),
  )
}

function describe(setting: Setting<unknown>, path: string): SettingRow[] {
  const { type, doc, reload, inside } = setting
  const row = { path, type, default: printedDefault(setting), doc, reload }
  if (inside.kind === 'section') return [row, ...describeSettings(inside.settings, path)]
  if (inside.kind === 'tables') return [row, ...describeSettings(inside.settings, `${path}[]`)]
  return inside.kind === 'record'
    ? [row, ...describe(inside.of, `${path}.NAME`).slice(isPlain(inside.of) ? 1 : 0)]
    : [row]
}

const isPlain = (setting: Setting<unknown>): boolean => setting.inside.kind === 'leaf' || setting.inside.kind === 'list'

function printedDefault(setting: Setting<unknown>): string {
  if (setting.mandatory) return 'mandatory'
  const { fallback, inside } = setting
  if (fallback === undefined || inside.kind === 'section' || inside.kind === 'record') return ''
  if (setting.secret) return '(not shown)'
  return fallback === Infinity ? '"infinity"' : JSON.stringify(fallback)
}
