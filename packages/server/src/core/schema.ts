/** Checks of values from outside, put together from small ones: everything that is wrong is found at once, and what is right is given as it reads. */

/** A place in a value: keys, and positions in lists counted from 0. */
type Path = readonly (string | number)[]

/** Something that is wrong with a value. */
export interface Issue {
  readonly path: Path
  readonly message: string
  /** When that is it: the keys of a table that it must not have. */
  readonly unknownKeys?: readonly string[]
}

/** What a check says of a value. */
export type Verdict<T> =
  | { readonly success: true; readonly data: T; readonly error?: never }
  | { readonly success: false; readonly data?: never; readonly error: { readonly issues: readonly Issue[] } }

/** Reads a value and reports what is wrong; what it returns then is of no use. */
type Read<T, From = unknown> = (value: From, path: Path, issues: Issue[]) => T

/** The words for a value that is refused. */
interface Refusal {
  readonly error: string
}

/** A check, which may change what it accepts. */
export class Schema<T = unknown> {
  readonly read: Read<T>

  constructor(read: Read<T>) {
    this.read = read
  }

  /** Goes on with what this accepts. */
  andThen<U>(next: Read<U, T>): Schema<U> {
    return new Schema((value, path, issues) => {
      const before = issues.length
      const accepted = this.read(value, path, issues)
      return issues.length === before ? next(accepted, path, issues) : (undefined as U)
    })
  }

  /** Refuses some of the values that this accepts. */
  refine(accepts: (value: T) => boolean, { error }: Refusal): Schema<T> {
    return this.andThen((value, path, issues) => {
      if (!accepts(value)) issues.push({ path, message: error })
      return value
    })
  }

  /** Changes the values that this accepts. */
  transform<U>(change: (value: T) => U): Schema<U> {
    return this.andThen((value) => change(value))
  }

  /** Says how a value reads, or what is wrong with it. */
  safeParse(value: unknown): Verdict<T> {
    const issues: Issue[] = []
    const data = this.read(value, [], issues)
    return issues.length === 0 ? { success: true, data } : { success: false, error: { issues } }
  }

  /** Says how a value reads. Throws when something is wrong with it. */
  parse(value: unknown): T {
    const { success, data, error } = this.safeParse(value)
    if (success) return data
    throw new TypeError(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'))
  }
}

/** A check of one's own. */
export const custom = <T = unknown>(accepts: (value: unknown) => boolean, refusal: Refusal): Schema<T> =>
  new Schema((value) => value as T).refine(accepts, refusal)

/** What one of the two accepts: as the first reads it, when both do. */
export const union = <A, B>(first: Schema<A>, second: Schema<B>, { error }: Refusal): Schema<A | B> =>
  new Schema<A | B>((value, path, issues) => {
    const verdict = first.safeParse(value)
    const { success, data } = verdict.success ? verdict : second.safeParse(value)
    if (!success) issues.push({ path, message: error })
    return data as A | B
  })

/** What `schema` accepts; it need not be there, and then reads as `fallback` does. */
export const optional = <T>(schema: Schema<T>, fallback: unknown): Schema<T | undefined> =>
  new Schema((value, path, issues) => {
    const written = value === undefined ? fallback : value
    return written === undefined ? undefined : schema.read(written, path, issues)
  })

/** A list, each item of which `item` accepts. */
export const array = <T>(item: Schema<T>, refusal: Refusal): Schema<T[]> =>
  custom<unknown[]>(Array.isArray, refusal).andThen((found, path, issues) =>
    found.map((one, index) => item.read(one, [...path, index], issues)),
  )

/** A table with keys of any name, each value of which `item` accepts. */
export const record = <T>(item: Schema<T>, refusal: Refusal): Schema<Map<string, T>> =>
  custom<object>(isTable, refusal).andThen(
    (found, path, issues) =>
      new Map(Object.entries(found).map(([key, one]) => [key, item.read(one, [...path, key], issues)])),
  )

/** A table with these keys and no others; all of them are in what is read, those that were not written with what their check makes of `undefined`. */
export function table(keys: ReadonlyMap<string, Schema>, refusal: Refusal): Schema<Record<string, unknown>> {
  return custom<object>(isTable, refusal).andThen((found, path, issues) => {
    const written = new Map<string, unknown>(Object.entries(found))
    const read = Array.from(keys, ([key, schema]) => [key, schema.read(written.get(key), [...path, key], issues)])
    const unknownKeys = [...written.keys()].filter((key) => !keys.has(key))
    if (unknownKeys.length > 0) issues.push({ path, message: 'has unknown keys', unknownKeys })
    return Object.fromEntries(read) as Record<string, unknown>
  })
}

/** Dates of TOML are objects, too. */
const isTable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
