/** How figures are printed. */

/** A number with as many digits as it deserves; a dash for none. */
export function number(value: number | undefined, unit = ''): string {
  if (value === undefined || Number.isNaN(value)) return '–'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  const text = value.toLocaleString('en-US', { maximumFractionDigits: digits })
  return unit === '' ? text : `${text} ${unit}`
}

/** How many times the second the first is. */
export const times = (first: number | undefined, second: number | undefined): string =>
  first === undefined || second === undefined || Number.isNaN(first / second) ? '–' : `${(first / second).toFixed(2)}×`

/** A table in Markdown; nothing without lines. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  if (lines.length === 0) return ''
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = `|${head.map((_, index) => (index === 0 ? '---' : '---:')).join('|')}|`
  return [line(head), rule, ...lines.map(line)].join('\n')
}
