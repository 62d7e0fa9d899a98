/** SQL as the store writes it (`?` for parameters) in PostgreSQL's way, made once for each text. */
import type { Statement } from '../../pools/rdbms/types.ts'
import type { SqlValue } from '../../core/database.ts'

/** A text for the server, and the name under which it keeps the statement prepared. */
interface Text {
  readonly text: string
  readonly name: string
}

/** The most texts that are kept; the store's are some hundreds. Others are translated each time, and not prepared. */
const KEPT = 1000

/** What a refused write's error message contains. */
export const REFUSED = 'meerkat: no row was changed'

/** The texts that an engine has seen. Names are the same on all its connections. */
export class Texts {
  readonly #plain = new Map<string, Text>()
  readonly #changing = new Map<string, Text>()
  #names = 0

  /** The statement for the server. With `mustChange` it fails when it changes no row, so that nothing after it is done. */
  statement(sql: string, values: readonly SqlValue[], mustChange = false): Statement {
    const texts = mustChange ? this.#changing : this.#plain
    const known = texts.get(sql)
    if (known === undefined) {
      const text = mustChange ? failing(numbered(sql)) : numbered(sql)
      // What is run once, as a change of the schema is, need not be kept prepared: the name serves from the second time on.
      if (texts.size < KEPT) texts.set(sql, { text, name: `m${++this.#names}` })
      return { text, values }
    }
    return { text: known.text, values, name: known.name }
  }
}

/** Whether an error message is that of a write which changed no row. */
export function isRefusal(message: string): boolean {
  return message.includes(REFUSED)
}

/** The server itself fails on zero rows: it converts a text to a number that is none, and says so. */
function failing(text: string): string {
  return `WITH changed AS (${text} RETURNING 1)
SELECT CASE WHEN count(*) = 0 THEN CAST('${REFUSED}' || left(count(*)::text, 0) AS integer) END FROM changed`
}

/** How a text is stored as its bytes in UTF-8: in SQLite's words, which are the store's, and in PostgreSQL's. */
const AS_BYTES = 'CAST(? AS BLOB)'
const TO_BYTES = "convert_to(?, 'UTF8')"

/** Replaces each `?` outside of literals, quoted names and comments by `$1`, `$2` ... */
export function numbered(written: string): string {
  const sql = written.replaceAll(AS_BYTES, TO_BYTES)
  let text = ''
  let parameter = 0
  let start = 0
  for (let i = 0; i < sql.length; i++) {
    const char = sql[i]
    if (char === "'" || char === '"') i = endOf(sql, char, i + 1)
    else if (char === '-' && sql[i + 1] === '-') i = endOf(sql, '\n', i + 2)
    else if (char === '?') {
      text += `${sql.slice(start, i)}$${++parameter}`
      start = i + 1
    }
  }
  return text + sql.slice(start)
}

function endOf(sql: string, mark: string, from: number): number {
  const end = sql.indexOf(mark, from)
  return end < 0 ? sql.length : end
}
