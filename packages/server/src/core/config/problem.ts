/** What is wrong with a configuration, in words that lead an operator to the line. */

import { type Path } from './read-settings.ts'

/** One reason why a configuration is refused. */
export interface Problem {
  readonly file: string
  readonly line: number
  /** Keys joined by dots, positions in arrays in brackets and counted from 1. */
  readonly path: string
  readonly message: string
  /** What was written; undefined when nothing was, or when it must not be shown. */
  readonly value?: unknown
  /** The key that was probably meant. */
  readonly suggestion?: string
}

/** A configuration that cannot be used; the message lists every problem, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(printProblem).join('\n'))
    this.problems = problems
  }
}

/** A problem as one line of text. */
export function printProblem({ file, line, path, message, value, suggestion }: Problem): string {
  const where = path === '' ? `${file}:${line}:` : `${file}:${line}: ${path}:`
  const got = value === undefined ? '' : `, got ${printValue(value)}`
  return `${where} ${message}${got}${suggestion === undefined ? '' : `; did you mean ${suggestion}?`}`
}

/** Keys joined by dots, as they would be written; positions in arrays are counted from 1. */
export function printPath(path: Path): string {
  return path.reduce<string>((printed, step) => {
    if (typeof step === 'number') return `${printed}[${step + 1}]`
    const key = /^[\w-]+$/u.test(step) ? step : JSON.stringify(step)
    return printed === '' ? key : `${printed}.${key}`
  }, '')
}

const LONGEST_VALUE = 80

function printValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  const printed = value instanceof Date ? value.toISOString() : (JSON.stringify(value) ?? typeof value)
  return printed.length > LONGEST_VALUE ? `${printed.slice(0, LONGEST_VALUE)}...` : printed
}
