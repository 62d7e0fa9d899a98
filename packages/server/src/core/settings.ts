/**
 * How modules, listeners, pools, authentication methods and services declare their settings: one record of named
 * settings that checks the configuration file, gives the settings their types and prints the generated reference.
 */

import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { tryJid } from '@meerkat/protocol'
import { type Schema, array, custom, optional, record as recordSchema, table, union } from './schema.ts'

/** What reading a value may depend on besides the value. */
export interface ReadContext {
  /** Relative file names are resolved against this folder: the one of the configuration file. */
  readonly folder: string
}

/** Where settings are found inside a setting; a leaf has none. */
export type Inside =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'section' | 'tables'; readonly settings: Settings }
  | { readonly kind: 'list' | 'record'; readonly of: Setting<unknown> }

/** One declared setting, whose value has the type `T` once read. */
export interface Setting<T> {
  /** What may be written, in words: "seconds above 0". */
  readonly type: string
  /** What is read when the key is not written; undefined when there is nothing to read. */
  readonly fallback: unknown
  /** One sentence for the reference. */
  readonly doc: string
  /** Whether a reload of the configuration can apply a change. */
  readonly reload: 'live' | 'restart'
  /** The key must be written. */
  readonly mandatory: boolean
  /** The value is never printed. */
  readonly secret: boolean
  readonly inside: Inside
  /** Builds the check of a written value; called once per reading of a configuration. */
  readonly schema: (context: ReadContext) => Schema
  /** What the operator should know when this accepted value is written; logged at start. */
  readonly remark?: (value: unknown) => string | undefined
  /** Never set: carries the type. */
  readonly value?: T
}

/** A record of settings: the names are the keys of the configuration file, verbatim. */
export type Settings = Readonly<Record<string, Setting<unknown>>>

/** The type of a setting's value. */
export type Value<S> = S extends { readonly value?: infer T } ? T : never

/** The type of the values of a record of settings: every key present, `undefined` where nothing is written or defaulted. */
export type Values<S extends Settings> = { readonly [K in keyof S]: Value<S[K]> }

/** Bounds of a number, both inclusive. */
export interface Bounds {
  readonly min?: number
  readonly max?: number
}

/** `true` or `false`. */
export const flag = <D extends boolean | undefined = undefined>(fallback?: D, doc = ''): Setting<boolean | D> =>
  leaf('true or false', fallback, doc, (value) => typeof value === 'boolean')

/** Any text. */
export const text = <D extends string | undefined = undefined>(
  fallback?: D,
  doc = '',
  options: { readonly nonEmpty?: boolean } = {},
): Setting<string | D> =>
  options.nonEmpty === true
    ? leaf('a text that is not empty', fallback, doc, (value) => typeof value === 'string' && value !== '')
    : leaf('a text', fallback, doc, isText)

/** A text that is never printed: not in messages, not in logs, not in descriptions. */
export const secret = <D extends string | undefined = undefined>(fallback?: D, doc = ''): Setting<string | D> => ({
  ...text(fallback, doc),
  type: 'a secret text',
  secret: true,
})

/** A whole number; 0 or more unless `bounds` say otherwise. */
export const integer = <D extends number | undefined = undefined>(
  fallback?: D,
  doc = '',
  bounds: Bounds = {},
): Setting<number | D> => whole('a whole number', fallback, doc, { min: 0, ...bounds })

/** A whole number, 0 or more unless `bounds` say otherwise, or `"infinity"`, which reads as `Infinity`. */
export const integerOrInfinity = <D extends number | undefined = undefined>(
  fallback?: D,
  doc = '',
  bounds: Bounds = {},
): Setting<number | D> => unlimited(whole('a whole number', fallback, doc, { min: 0, ...bounds }))

/** A span of time in whole seconds, above 0 unless `bounds` say otherwise; `infinity: true` allows `"infinity"`. */
export const seconds = <D extends number | undefined = undefined>(
  fallback?: D,
  doc = '',
  bounds: SpanBounds = {},
): Setting<number | D> => span('seconds', fallback, doc, bounds)

/** A span of time in whole milliseconds, above 0 unless `bounds` say otherwise; `infinity: true` allows `"infinity"`. */
export const milliseconds = <D extends number | undefined = undefined>(
  fallback?: D,
  doc = '',
  bounds: SpanBounds = {},
): Setting<number | D> => span('milliseconds', fallback, doc, bounds)

/** A span of time in whole minutes, above 0 unless `bounds` say otherwise; `infinity: true` allows `"infinity"`. */
export const minutes = <D extends number | undefined = undefined>(
  fallback?: D,
  doc = '',
  bounds: SpanBounds = {},
): Setting<number | D> => span('minutes', fallback, doc, bounds)

/** A span of time in whole hours, above 0 unless `bounds` say otherwise; `infinity: true` allows `"infinity"`. */
export const hours = <D extends number | undefined = undefined>(
  fallback?: D,
  doc = '',
  bounds: SpanBounds = {},
): Setting<number | D> => span('hours', fallback, doc, bounds)

/** A span of time in whole days, above 0 unless `bounds` say otherwise; `infinity: true` allows `"infinity"`. */
export const days = <D extends number | undefined = undefined>(
  fallback?: D,
  doc = '',
  bounds: SpanBounds = {},
): Setting<number | D> => span('days', fallback, doc, bounds)

/** Bounds of a span of time; `infinity: true` allows `"infinity"`, which reads as `Infinity`. */
export interface SpanBounds extends Bounds {
  readonly infinity?: boolean
}

/** One of the given words. */
export const oneOf = <const T extends string, D extends T | undefined = undefined>(
  words: readonly T[],
  fallback?: D,
  doc = '',
): Setting<T | D> => {
  const known = new Set<unknown>(words)
  return leaf(words.map((word) => JSON.stringify(word)).join(' or '), fallback, doc, (value) => known.has(value))
}

/** A TCP or UDP port. */
export const port = <D extends number | undefined = undefined>(fallback?: D, doc = ''): Setting<number | D> =>
  whole('a port', fallback, doc, { min: 0, max: 65_535 })

/** A domain name; read as nameprep leaves it, so in lower case. */
export const domain = <D extends string | undefined = undefined>(fallback?: D, doc = ''): Setting<string | D> =>
  changed(leaf('a domain name', fallback, doc, isDomain), prepared)

/** A domain name in which `@HOST@` stands for each served domain; `expandHost` fills it in. */
export const hostTemplate = <D extends string | undefined = undefined>(fallback?: D, doc = ''): Setting<string | D> =>
  changed(leaf('a domain name or "prefix.@HOST@"', fallback, doc, isHostTemplate), preparedTemplate)

/** The domain that a host template stands for on the served `host`. */
export const expandHost = (template: string, host: string): string => template.replaceAll('@HOST@', host)

/** The served host on which a host template stands for `domain`: the other way round; undefined when it depends on none, or fits on none. */
export function hostIn(template: string, domain: string): string | undefined {
  const prefix = template.endsWith('@HOST@') ? template.slice(0, -'@HOST@'.length) : undefined
  return prefix !== undefined && domain.startsWith(prefix) ? domain.slice(prefix.length) : undefined
}

/** The name of a file that must exist; read as an absolute path. */
export const file = (doc = ''): Setting<string | undefined> => {
  const exists = (value: unknown, base: string): boolean => isText(value) && existsSync(fileFrom(base, value))
  return {
    ...leaf('the name of an existing file', undefined, doc, isText),
    schema: ({ folder: base }) =>
      custom<string>((value) => exists(value, base), { error: 'wants the name of an existing file' }).transform(
        (name) => fileFrom(base, name),
      ),
  }
}

/** Whether a file of that name, as a setting of kind `file` has it, is there. */
export const isThere = (base: string, name: string): boolean => existsSync(fileFrom(base, name))

/** Beside the configuration; a release of MongooseIM has that in its folder `etc`, and names files from beside that folder. */
function fileFrom(base: string, name: string): string {
  const beside = resolve(base, name)
  const above = resolve(base, '..', name)
  return basename(resolve(base)) === 'etc' && !existsSync(beside) && existsSync(above) ? above : beside
}

/** The name of a folder that need not exist yet; read as an absolute path. */
export const folder = (fallback: string, doc = ''): Setting<string> => ({
  ...leaf('the name of a folder', fallback, doc, isText),
  schema: (context) =>
    custom<string>(isText, { error: 'wants the name of a folder' }).transform((name) => resolve(context.folder, name)),
})

/** A list whose items are read as `item`. */
export const list = <T>(
  item: Setting<T>,
  fallback?: readonly Exclude<T, undefined>[],
  doc = '',
  options: { readonly unique?: boolean; readonly nonEmpty?: boolean } = {},
): Setting<readonly Exclude<T, undefined>[]> => {
  const wants = options.nonEmpty === true ? 'a list that is not empty' : 'a list'
  return {
    ...base(`${wants}, each ${item.type}`, fallback ?? [], doc),
    inside: { kind: 'list', of: item },
    schema: (context) =>
      array(item.schema(context), { error: `wants ${wants}` })
        .refine((found) => options.nonEmpty !== true || found.length > 0, { error: `wants ${wants}` })
        .refine((found) => options.unique !== true || new Set(found).size === found.length, {
          error: 'wants a list without repetition',
        }),
  }
}

/** Makes a setting mandatory. */
export const required = <T>(setting: Setting<T>): Setting<Exclude<T, undefined>> => {
  const { value: _, ...rest } = setting
  return { ...rest, mandatory: true, fallback: undefined }
}

/** Says that a reload of the configuration applies a change of this setting. */
export const live = <T>(setting: Setting<T>): Setting<T> => ({ ...setting, reload: 'live' })

/** Says so of all settings of a section. */
export const allLive = <S extends Settings>(settings: S): S =>
  Object.fromEntries(Object.entries(settings).map(([name, setting]) => [name, live(setting)])) as S

/** Says that a setting is accepted for the sake of existing files only; writing it is answered with a notice. */
export const noEffect = <T>(setting: Setting<T>): Setting<T> => ({
  ...setting,
  doc: setting.doc === '' ? 'Accepted; has no effect here.' : setting.doc,
  remark: () => 'has no effect here',
})

/** Where a module keeps its data: whichever of MongooseIM's databases is named, it is the main store here. */
export const backend = <const T extends string, D extends T | undefined = undefined>(
  words: readonly T[],
  fallback?: D,
): Setting<T | D> => ({
  ...oneOf(words, fallback, 'Where the data is kept: "mnesia", "cets" and "rdbms" all mean the main store.'),
  remark: (value) => (value === 'mnesia' || value === 'cets' ? 'is kept in the main store' : undefined),
})

/** A value that `first` or, failing that, `second` accepts; default and sentence are those of `first`. */
export const either = <A, B>(first: Setting<A>, second: Setting<B>): Setting<A | Exclude<B, undefined>> => {
  const type = `${first.type} or ${second.type}`
  return {
    ...base(type, first.fallback, first.doc),
    secret: first.secret || second.secret,
    schema: (context) => union(first.schema(context), second.schema(context), { error: `wants ${type}` }),
  }
}

/** A section that is always there: unwritten keys have their defaults. */
export const section = <S extends Settings>(settings: S, doc = ''): Setting<Values<S>> => ({
  ...base('a section', {}, doc),
  inside: { kind: 'section', settings },
  schema: (context) => sectionSchema(settings, context),
})

/** A section whose presence switches something on: `undefined` when it is not written. */
export const optionalSection = <S extends Settings>(settings: S, doc = ''): Setting<Values<S> | undefined> => ({
  ...base('a section', undefined, doc),
  inside: { kind: 'section', settings },
  schema: (context) => sectionSchema(settings, context),
})

/** An array of tables with the same settings; empty when not written. */
export const tables = <S extends Settings>(settings: S, doc = ''): Setting<readonly Values<S>[]> => ({
  ...base('a list of tables', [], doc),
  inside: { kind: 'tables', settings },
  schema: (context) => array(sectionSchema(settings, context), { error: 'wants a list of tables' }),
})

/** A section whose keys the operator chooses; each value is read as `setting`. */
export const record = <T>(setting: Setting<T>, doc = ''): Setting<ReadonlyMap<string, Exclude<T, undefined>>> => ({
  ...base(`a section, each ${setting.type}`, {}, doc),
  inside: { kind: 'record', of: setting },
  schema: (context) => recordSchema(setting.schema(context), { error: 'wants a section' }),
})

/** The check of a whole section: unknown keys are refused, and every declared key is present in the result. */
export function sectionSchema(settings: Settings, context: ReadContext): Schema<Record<string, unknown>> {
  const keys = Object.entries(settings).map(([name, setting]) => [name, keySchema(setting, context)] as const)
  return table(new Map(keys), { error: 'wants a section' })
}

/** The check of a key that may be missing. */
function keySchema(setting: Setting<unknown>, context: ReadContext): Schema {
  const written = setting.schema(context)
  return setting.mandatory ? written : optional(written, setting.fallback)
}

function base(type: string, fallback: unknown, doc: string): Omit<Setting<never>, 'schema' | 'value'> {
  return { type, fallback, doc, reload: 'restart', mandatory: false, secret: false, inside: { kind: 'leaf' } }
}

function leaf<T>(type: string, fallback: unknown, doc: string, accepts: (value: unknown) => boolean): Setting<T> {
  return { ...base(type, fallback, doc), schema: () => custom(accepts, { error: `wants ${type}` }) }
}

function whole<T>(noun: string, fallback: unknown, doc: string, bounds: Bounds): Setting<T> {
  const { min = -Infinity, max = Infinity } = bounds
  const accepts = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max
  return leaf(noun + boundsInWords(min, max), fallback, doc, accepts)
}

function boundsInWords(min: number, max: number): string {
  if (max !== Infinity) return ` from ${min} to ${max}`
  if (min === 1) return ' above 0'
  return min === -Infinity ? '' : ` from ${min} up`
}

function span<T>(unit: string, fallback: unknown, doc: string, bounds: SpanBounds): Setting<T> {
  const limited = whole<T>(unit, fallback, doc, { min: 1, ...bounds })
  return bounds.infinity === true ? unlimited(limited) : limited
}

/** Also accepts `"infinity"`, and TOML's own `inf`. */
function unlimited<T>(setting: Setting<T>): Setting<T> {
  const type = `${setting.type} or "infinity"`
  const error = `wants ${type}`
  const limit = custom((value) => value === 'infinity' || value === Infinity, { error }).transform(() => Infinity)
  const schema = (context: ReadContext) => union(limit, setting.schema(context), { error })
  return {
    ...setting,
    type,
    schema,
    remark: (value) => (value === 'infinity' || value === Infinity ? 'sets no limit' : undefined),
  }
}

/** Changes the text that a setting reads, once it has been accepted. */
function changed<T>(setting: Setting<T>, change: (value: string) => string): Setting<T> {
  return { ...setting, schema: (context) => setting.schema(context).transform((value) => change(String(value))) }
}

const isText = (value: unknown): value is string => typeof value === 'string'

/** The domain name as nameprep leaves it; the text itself when it is none. */
const prepared = (name: string): string => tryJid(name)?.domain ?? name

const preparedTemplate = (template: string): string =>
  template.endsWith('.@HOST@') ? `${prepared(template.slice(0, -'.@HOST@'.length))}.@HOST@` : prepared(template)

/** A host name or an address, with neither a user nor a resource. */
function isDomain(value: unknown): boolean {
  const jid = isText(value) ? tryJid(value) : undefined
  return jid !== undefined && jid.local === '' && jid.resource === ''
}

function isHostTemplate(value: unknown): boolean {
  return isText(value) && isDomain(value.endsWith('.@HOST@') ? value.slice(0, -'.@HOST@'.length) : value)
}

export { type SettingRow, describeSettings } from './config/describe-settings.ts'
