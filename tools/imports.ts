/** Finds what a source file imports. */
import { scan } from './scan.ts'

/** One import: where, of what, which names (when it lists them), and whether only of types. */
export interface Import {
  readonly line: number
  readonly from: string
  readonly names: readonly string[]
  readonly types: boolean
}

const statement = /^[ \t]*(?:import|export)(?:(?<clause>\s*[\w$\s,{}*]*?)\bfrom)?\s*'(?<from>[^'\n]+)'/gm
// `typeof import('x')` in a type cannot be told from a call, and counts as one.
const call = /\b(?:import|require)\(\s*'(?<from>[^'\n]+)'/g

/** Every import, re-export and literal `import()` of a source. */
export function importsOf(source: string): Import[] {
  const { code, text } = scan(source)
  const found: Import[] = []
  for (const match of [...text.matchAll(statement), ...text.matchAll(call)]) {
    const { clause = '', from = '' } = match.groups ?? {}
    const at = match.index + match[0].search(/\S/)
    if (!/^(?:import|export|require)/.test(code.slice(at))) continue // inside a string
    const braces = /^\s*\{(.*)\}\s*$/s.exec(clause)?.[1] ?? ''
    const names = braces.split(',').flatMap((name) => name.trim() || [])
    const types = /^\s+type\b/.test(clause) || (names.length > 0 && names.every((name) => name.startsWith('type ')))
    found.push({ line: code.slice(0, at).split('\n').length, from, names, types })
  }
  return found
}
