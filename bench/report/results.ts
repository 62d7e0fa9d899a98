/** The raw results, and medians of them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from '../load.ts'
import { sections } from '../sections.ts'

/** Values that a row must have. */
export type Match = Readonly<Record<string, unknown>>

/** The middle of some numbers; undefined of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return undefined
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Everything that was measured last. */
export class Results {
  readonly #rows: readonly Row[]

  constructor(rows: readonly Row[]) {
    this.#rows = rows
  }

  /** Reads the files of a folder; parts that were never run are missing. */
  static read(folder: string): Results {
    const files = sections.map(({ name }) => join(folder, `${name}.jsonl`)).filter((file) => existsSync(file))
    const lines = files.flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean))
    return new Results(lines.map((line) => JSON.parse(line) as Row))
  }

  /** Rows of a part that have all those values. */
  rows(section: string, match: Match): Row[] {
    const wanted = Object.entries(match)
    return this.#rows.filter((row) => row['section'] === section && wanted.every(([key, value]) => row[key] === value))
  }

  /** The median of a field over the repetitions. */
  median(section: string, match: Match, field: string): number | undefined {
    return median(this.numbers(section, match, field))
  }

  /** Every number of a field. */
  numbers(section: string, match: Match, field: string): number[] {
    return this.rows(section, match)
      .map((row) => row[field])
      .filter((value) => typeof value === 'number')
  }

  /** Different values of a field, in the order in which they came. */
  values(section: string, match: Match, field: string): unknown[] {
    return [...new Set(this.rows(section, match).map((row) => row[field]))]
  }
}
