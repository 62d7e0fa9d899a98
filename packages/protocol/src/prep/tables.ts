/** The tables of RFC 3454 for Unicode 3.2, unpacked when first text beyond ASCII arrives. */
import { CLASS_RANGES, CORRECTED, FOLD_RUNS, FOLD_STRINGS } from './tables.generated.ts'

/** Class bit: unassigned in Unicode 3.2 (table A.1). */
export const UNASSIGNED = 1
/** Class bit: commonly mapped to nothing (B.1). */
export const NOTHING = 2
/** Class bit: space beyond ASCII (C.1.2). */
export const SPACE = 4
/** Class bit: ASCII control character (C.2.1). */
export const ASCII_CONTROL = 8
/** Class bit: control character beyond ASCII (C.2.2). */
export const CONTROL = 16
/** Class bit: in one of C.3 to C.9, which every profile forbids. */
export const FORBIDDEN = 32
/** Class bit: written right to left (D.1, RandALCat). */
export const RIGHT = 64
/** Class bit: written left to right (D.2, LCat). */
export const LEFT = 128
/** Class bit: space (C.1.1) or what RFC 6122 A.5 forbids in a localpart besides the common tables. */
export const NOT_LOCAL = 256

interface Tables {
  /** First code points of the ranges, ascending. */
  readonly starts: Uint32Array
  /** The class bits of the range at the same index. */
  readonly bits: Uint16Array
  /** Table B.2. */
  readonly folds: ReadonlyMap<number, string>
  /** What normalises otherwise today (Corrigendum 4), with its Unicode 3.2 form. */
  readonly corrected: ReadonlyMap<number, string>
}

let unpacked: Tables | undefined

/** The class bits of a code point. */
export function classOf(code: number): number {
  const { starts, bits } = tables()
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (starts[middle]! <= code) low = middle
    else high = middle
  }
  return bits[low]!
}

/** What table B.2 makes of a code point; undefined when it stays. */
export function foldOf(code: number): string | undefined {
  return tables().folds.get(code)
}

/** The Unicode 3.2 normal form of a code point whose normal form was corrected later; undefined for all others. */
export function correctedOf(code: number): string | undefined {
  return tables().corrected.get(code)
}

function tables(): Tables {
  return (unpacked ??= { ...ranges(), folds: folds(), corrected: strings(CORRECTED) })
}

function ranges(): { starts: Uint32Array; bits: Uint16Array } {
  const numbers = CLASS_RANGES.split(' ').map(base36)
  const starts = new Uint32Array(numbers.length / 2)
  const bits = new Uint16Array(starts.length)
  let start = 0
  for (let index = 0; index < starts.length; index++) {
    start += numbers[2 * index]!
    starts[index] = start
    bits[index] = numbers[2 * index + 1]!
  }
  return { starts, bits }
}

function folds(): Map<number, string> {
  const folds = strings(FOLD_STRINGS)
  const numbers = FOLD_RUNS.split(' ').map(base36)
  let start = 0
  for (let index = 0; index < numbers.length; index += 4) {
    start += numbers[index]!
    const [count, step, difference] = [numbers[index + 1]!, numbers[index + 2]!, numbers[index + 3]!]
    for (let nth = 0; nth < count; nth++) {
      const code = start + nth * step
      folds.set(code, String.fromCodePoint(code + difference))
    }
  }
  return folds
}

function strings(packed: string): Map<number, string> {
  const map = new Map<number, string>()
  for (const entry of packed.split(' ')) {
    const [code, ...becomes] = entry.split(',').map(base36)
    map.set(code!, String.fromCodePoint(...becomes))
  }
  return map
}

function base36(text: string): number {
  return Number.parseInt(text, 36)
}
