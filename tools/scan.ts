/** Reads a source file just well enough to tell code, comments and strings apart. */

/** Both strings are as long as the source and have its line breaks, so that positions agree. */
export interface Scan {
  /** Comments and what strings, templates and regular expressions hold are blanks. */
  readonly code: string
  /** Only comments are blanks. */
  readonly text: string
}

// A slash after one of these, or after such a word, begins a regular expression and is no division.
const beforeRegExp =
  /(^|[=([{,;:!&|?+\-*%~^<>}]|\b(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield))\s*$/

const blank = (text: string) => text.replace(/[^\n]/g, ' ')

/** Where the string, comment or expression that begins at `start` ends, by a pattern that matches all of it. */
function endOf(source: string, start: number, pattern: RegExp): number {
  pattern.lastIndex = start
  return pattern.test(source) ? pattern.lastIndex : source.length
}

const patterns = {
  lineComment: /\/\/[^\n]*/y,
  blockComment: /\/\*[\s\S]*?\*\//y,
  regExp: /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//y,
  single: /'(?:\\[\s\S]|[^'\\\n])*'?/y,
  double: /"(?:\\[\s\S]|[^"\\\n])*"?/y,
  template: /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y,
}

/** Splits a TypeScript source into code and the rest. */
export function scan(source: string): Scan {
  let code = ''
  let text = ''
  let at = 0
  const braces: boolean[] = [] // for each open brace, whether a template goes on after it

  const take = (end: number, kind: 'code' | 'string' | 'comment') => {
    const piece = source.slice(at, end)
    code += kind === 'code' ? piece : blank(piece)
    text += kind === 'comment' ? blank(piece) : piece
    at = end
  }
  const template = () => {
    take(endOf(source, at, patterns.template), 'string')
    if (source.endsWith('${', at)) braces.push(true)
  }

  while (at < source.length) {
    const two = source.slice(at, at + 2)
    const char = two[0]
    if (two === '//') take(endOf(source, at, patterns.lineComment), 'comment')
    else if (two === '/*') take(endOf(source, at, patterns.blockComment), 'comment')
    else if (char === "'") take(endOf(source, at, patterns.single), 'string')
    else if (char === '"') take(endOf(source, at, patterns.double), 'string')
    else if (char === '/' && beforeRegExp.test(code.slice(-80))) take(endOf(source, at, patterns.regExp), 'string')
    else if (char === '`') {
      take(at + 1, 'string')
      template()
    } else if (char === '}' && braces.pop()) {
      take(at + 1, 'string')
      template()
    } else {
      if (char === '{') braces.push(false)
      take(at + 1, 'code')
    }
  }
  return { code, text }
}

/** How many lines hold code, and how many hold a comment and nothing else. */
export function lineKinds(source: string): { code: number; comment: number } {
  const lines = source.split('\n')
  const withoutComments = scan(source).text.split('\n')
  const comment = lines.filter((line, i) => line.trim() && !withoutComments[i]?.trim()).length
  const code = withoutComments.filter((line) => line.trim()).length
  return { code, comment }
}

const control =
  /^\s*(?:\}\s*)?(?:else|if|for|while|switch|catch|do|try|with|class|export (?:default )?(?:abstract )?class)\b/
const header = /(?:=>|\)\s*(?::\s*\S.*)?)\s*$/

/** The brace that closes the one at `open`, or the end. */
function closing(code: string, open: number): number {
  let depth = 0
  for (let i = open; i < code.length; i++) {
    if (code[i] === '{') depth++
    else if (code[i] === '}' && --depth === 0) return i
  }
  return code.length
}

/** The parenthesis that opens the one at `close`. */
function opening(code: string, close: number): number {
  let depth = 0
  for (let i = close; i > 0; i--) {
    if (code[i] === ')') depth++
    else if (code[i] === '(' && --depth === 0) return i
  }
  return 0
}

/**
 * Lines of each function which has a body in braces, from its header to its closing brace, closures included.
 * Relies on formatted source: the opening brace of a body of several lines ends its line.
 */
export function functionLengths(source: string): { line: number; length: number }[] {
  const { code } = scan(source)
  const found: { line: number; length: number }[] = []
  const lineOf = (at: number) => code.slice(0, at).split('\n').length
  for (const match of code.matchAll(/\{[ ]*\n/g)) {
    let start = code.lastIndexOf('\n', match.index) + 1
    const before = code.slice(start, match.index)
    if (!header.test(before)) continue
    if (/^\s*[})]/.test(before)) start = code.lastIndexOf('\n', opening(code, start + before.indexOf(')'))) + 1
    if (control.test(code.slice(start, match.index)) && !/=>\s*$/.test(before)) continue
    found.push({ line: lineOf(start), length: lineOf(closing(code, match.index)) - lineOf(start) + 1 })
  }
  return found
}
