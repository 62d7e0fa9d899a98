/** Finds regular expressions in sources, and in them what can make matching slow. */
import { scan } from './scan.ts'

const LITERAL = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//y

/** What stands between the slashes of the regular expressions of a TypeScript source. */
export function regularExpressions(source: string): string[] {
  const { code, text } = scan(source)
  const found: string[] = []
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) {
    // What is neither code nor comment is a string or an expression; an expression begins behind code or a space.
    if (code[at] === '/' || (code[at - 1] === ' ' && text[at - 1] !== ' ')) continue
    LITERAL.lastIndex = at
    const literal = LITERAL.exec(text)?.[0]
    if (literal !== undefined) found.push(literal.slice(1, -1))
  }
  return found
}

const TOKEN = /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|<\w+>|:))?|\)|[*+]|\{\d+,?\d*\}|[^]/g

/** Whether something is repeated without a bound inside of what is repeated without a bound, as in `(a+)+`. */
export function repeatsWithin(source: string): boolean {
  /** For each open group, whether it holds such a repetition; the first stands for the whole. */
  const groups = [false]
  let closed = false
  for (const [token] of source.matchAll(TOKEN)) {
    const unbounded = token === '*' || token === '+' || /^\{\d+,\}$/.test(token)
    if (unbounded && closed) return true
    if (unbounded) groups[groups.length - 1] = true
    closed = false
    if (token.startsWith('(')) groups.push(false)
    else if (token === ')') {
      closed = groups.pop() ?? false
      if (closed) groups[groups.length - 1] = true
    }
  }
  return false
}

const FLOATING = /^(?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\[(^])(?:[*+]|\{\d+,\}).+/

/** Whether it begins anywhere with a repetition that something must follow, as in `=+$`: that is tried from every place. */
export function startsRepeating(source: string): boolean {
  return FLOATING.test(source)
}
