/** Columns of PostgreSQL as the store's values: the same that SQLite gives for them. */
import type { SqlValue } from '../../core/database.ts'

/** Reads a column's text. */
type Parser = (text: string) => SqlValue

/** Object ids of types, from PostgreSQL's pg_type.dat. */
const PARSERS: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [16, (text) => (text === 't' ? 1 : 0)], // bool: SQLite has none
  [17, bytes], // bytea
  [20, integer], // int8
  [21, Number], // int2
  [23, Number], // int4
  [26, Number], // oid
  [700, Number], // float4
  [701, Number], // float8
  [1700, numeric], // numeric: what sum() makes of int8
])

/** The parser for a type; what is not a number, bytes or a truth value stays text. */
export function parserOf(type: number): Parser {
  return PARSERS.get(type) ?? asText
}

/** Digits, with the sign, of which every number is exact. */
const EXACT_DIGITS = 15

/** A number where that is exact, otherwise a bigint. */
function integer(text: string): number | bigint {
  const number = Number(text)
  return text.length <= EXACT_DIGITS || Number.isSafeInteger(number) ? number : BigInt(text)
}

function numeric(text: string): number | bigint {
  return text.includes('.') || text === 'NaN' || text.includes('Infinity') ? Number(text) : integer(text)
}

/** Bytes arrive as `\x` and hexadecimal digits. */
function bytes(text: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(text.slice(2), 'hex')
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function asText(text: string): string {
  return text
}
