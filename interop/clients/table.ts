/** The table of what foreign clients do, as text. */

/** What a client did; what it does not support, or did not manage, stays undefined. */
export interface Row {
  readonly client: string
  readonly transport: string
  /** The mechanism of SASL and the version of TLS. */
  login?: string
  roster?: true
  presence?: true
  messages?: true
  archive?: true
  resumption?: true
}

const columns = ['client', 'transport', 'login', 'roster', 'presence', 'messages', 'archive', 'resumption'] as const

/** The lines of a table in Markdown, with columns of even width. */
export function tableOf(rows: readonly Row[]): string[] {
  const cells = rows.map((row) => columns.map((column) => cellOf(row[column])))
  const widths = columns.map((column, index) => Math.max(column.length, ...cells.map((row) => row[index]!.length)))
  const line = (row: readonly string[]) => `| ${row.map((cell, index) => cell.padEnd(widths[index]!)).join(' | ')} |`
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)]
}

function cellOf(value: string | true | undefined): string {
  if (value === undefined) return '–'
  return value === true ? 'yes' : value
}

/** The document with its table replaced by that one. Throws when there is no table. */
export function withTable(document: string, table: readonly string[]): string {
  const lines = document.split('\n')
  const first = lines.findIndex((line) => line.startsWith('| client '))
  if (first < 0) throw new Error('the document has no table of clients')
  const behind = lines.findIndex((line, index) => index > first && !line.startsWith('|'))
  return [...lines.slice(0, first), ...table, ...(behind < 0 ? [] : lines.slice(behind))].join('\n')
}
