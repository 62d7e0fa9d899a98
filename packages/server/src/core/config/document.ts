/** A configuration file while it is read: its content, where each key stands, and what was found wrong. */

import { dirname, resolve } from 'node:path'
import { TomlError, parse } from 'smol-toml'
import { type Settings, type Values } from '../settings.ts'
import { pathKey, resolveIndirect } from './indirect.ts'
import { type LineMap, lineOf, mapLines } from './line-map.ts'
import { nearest } from './nearest.ts'
import { ConfigError, type Problem, printPath } from './problem.ts'
import { type Finding, type Path, eachWritten, isSecretName, readSettings, shown, valueAt } from './read-settings.ts'

/** A table of the file. */
export type Table = Record<string, unknown>

/** A parsed file that collects problems and notices. */
export class Document {
  readonly file: string
  readonly folder: string
  readonly root: Table
  readonly lines: LineMap
  readonly problems: Problem[] = []
  readonly notices: string[] = []
  /** Values that must never be printed. */
  readonly secrets = new Set<string>()
  readonly env: Readonly<Record<string, string | undefined>>

  /** Parses `text`; throws ConfigError at a mistake in the syntax. `env` is where `{env = "NAME"}` is looked up. */
  constructor(file: string, text: string, env: Readonly<Record<string, string | undefined>> = {}) {
    this.file = file
    this.env = env
    this.folder = resolve(dirname(file))
    this.root = parsed(file, text)
    this.lines = mapLines(text)
  }

  /** Reads the table at `path` as a section with these settings; undefined, with the problems noted, when it can't be. */
  read<S extends Settings>(
    settings: S,
    path: Path,
    input: unknown = valueAt(this.root, path) ?? {},
  ): Values<S> | undefined {
    const resolved = resolveIndirect(settings, input, this)
    for (const secret of resolved.secrets) this.secrets.add(secret)
    for (const finding of resolved.findings) this.problem({ ...finding, path: [...path, ...finding.path] })
    const { values, findings } = readSettings(settings, resolved.input, this, path)
    for (const finding of findings ?? []) {
      const source = resolved.sources.get(pathKey(finding.path.slice(path.length)))
      const isMissing = resolved.findings.some((other) => pathKey([...path, ...other.path]) === pathKey(finding.path))
      if (source === undefined) this.problem(finding)
      // What stood elsewhere is named by its place.
      else if (!isMissing) this.problem({ path: finding.path, message: `${finding.message}, which ${source} is not` })
    }
    eachWritten(settings, input, (at, setting, value) => {
      const remark = setting.remark?.(value)
      if (remark !== undefined) this.notice([...path, ...at], remark, setting.secret ? undefined : shown(value))
      if (isTable(value) && isCertificateAlone(value)) {
        this.problem({ path: [...path, ...at, 'certfile'], message: 'wants a keyfile beside it' })
      }
    })
    return values
  }

  /** Notes a problem. */
  problem(finding: Finding): void {
    const { path, ...rest } = finding
    this.problems.push({ file: this.file, line: lineOf(this.lines, path), path: printPath(path), ...rest })
  }

  /** Notes something that the operator should know. */
  notice(path: Path, message: string, value?: unknown): void {
    const written = value === undefined ? '' : ` = ${JSON.stringify(value)}`
    this.notices.push(`${this.file}:${lineOf(this.lines, path)}: ${printPath(path)}${written}: ${message}`)
  }

  /** Refuses the key at the end of `path`, which is none of `known`. */
  unknownKey(path: Path, known: Iterable<string>): void {
    const key = String(path.at(-1))
    const suggestion = nearest(key, known)
    const value = isSecretName(key) ? undefined : shown(valueAt(this.root, path))
    this.problem({
      path,
      message: 'is not a known key',
      ...(value !== undefined && { value }),
      ...(suggestion !== undefined && { suggestion }),
    })
  }

  /** Refuses a part of the reference that this server lacks. */
  notBuilt(path: Path, name: string): void {
    const value = valueAt(this.root, path)
    const key = printPath(path.filter((step) => typeof step === 'string'))
    const remove = isTable(value) ? `[${key}]` : Array.isArray(value) && value.every(isTable) ? `[[${key}]]` : key
    const line = lineOf(this.lines, path)
    this.problem({ path, message: `${name} is not built into this server yet: remove ${remove} (line ${line})` })
  }

  /** The table at `path`: an empty one when it isn't written; undefined, with the problem noted, when it is something else. */
  table(path: Path): Table | undefined {
    const value = valueAt(this.root, path)
    if (value === undefined) return {}
    if (isTable(value)) return value
    this.problem({ path, message: 'wants a section', value: shown(value) })
    return undefined
  }

  /** The positions of the tables in the array at `path`; none when it isn't written. */
  tablePaths(path: Path): Path[] {
    const value = valueAt(this.root, path)
    if (value === undefined) return []
    if (Array.isArray(value) && value.every(isTable)) return value.map((_, index) => [...path, index])
    this.problem({ path, message: `wants tables, each begun with [[${printPath(path)}]]`, value: shown(value) })
    return []
  }
}

/** Whether a value of a parsed file is a table. */
export const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

const isCertificateAlone = (table: Table): boolean => table['certfile'] !== undefined && table['keyfile'] === undefined

function parsed(file: string, text: string): Table {
  try {
    return parse(text, { unsafeKeyBehaviour: 'throw' })
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // The rest of the message repeats the line of the file, which may hold a secret.
    const reason = (error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /u, '')
    throw new ConfigError([{ file, line: error.line, path: '', message: `is not valid TOML: ${reason}` }])
  }
}
