/** Where in a TOML text each key stands. The text has been accepted by the parser, so that only positions matter here. */

import { type Path } from './read-settings.ts'

/** The line of a key or of an item of an array, and those of what is in it. */
export interface LineMap {
  readonly line: number
  readonly keys: Map<string, LineMap>
  readonly items: LineMap[]
}

/** The line of `path`, counted from 1; that of the nearest enclosing key when `path` itself is not written. */
export function lineOf(map: LineMap, path: Path): number {
  let node = map
  for (const step of path) {
    const next = typeof step === 'number' ? node.items[step] : node.keys.get(step)
    if (next === undefined) break
    node = next
  }
  return node.line
}

/** Finds the lines of all keys of a valid TOML text. */
export function mapLines(text: string): LineMap {
  return new Scanner(text).scan()
}

const newMap = (line: number): LineMap => ({ line, keys: new Map(), items: [] })

class Scanner {
  readonly #text: string
  #at = 0
  #line = 1

  constructor(text: string) {
    this.#text = text
  }

  scan(): LineMap {
    const root = newMap(1)
    let table = root
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#text.startsWith('[[', this.#at)) table = this.#header(root, 2)
      else if (this.#peek() === '[') table = this.#header(root, 1)
      else this.#pair(table)
    }
    return root
  }

  /** `[a.b]` (one bracket) or `[[a.b]]` (two): the map of the table that it opens. */
  #header(root: LineMap, brackets: number): LineMap {
    const line = this.#line
    this.#at += brackets
    const keys = this.#dottedKey()
    this.#at += brackets
    const table = this.#open(root, keys, line)
    if (brackets === 1) return table
    const item = newMap(line)
    table.items.push(item)
    return item
  }

  /** The map at `keys` below `table`, made where missing; an array of tables means its last one. */
  #open(table: LineMap, keys: readonly string[], line: number): LineMap {
    let node = table
    for (const key of keys) {
      node = node.items.at(-1) ?? node
      const next = node.keys.get(key) ?? newMap(line)
      node.keys.set(key, next)
      node = next
    }
    return node
  }

  #pair(table: LineMap): void {
    const line = this.#line
    const keys = this.#dottedKey()
    this.#at++
    this.#value(this.#open(table, keys, line))
  }

  /** Keys up to `=` or `]`, which is not taken. */
  #dottedKey(): string[] {
    const keys: string[] = []
    for (;;) {
      this.#skipSpaces()
      keys.push(this.#key())
      this.#skipSpaces()
      if (this.#peek() !== '.') return keys
      this.#at++
    }
  }

  #key(): string {
    const quote = this.#peek()
    const start = this.#at
    if (quote === '"' || quote === "'") {
      this.#string()
      const written = this.#text.slice(start, this.#at)
      return quote === '"' ? unescaped(written) : written.slice(1, -1)
    }
    while (/[\w-]/u.test(this.#peek())) this.#at++
    return this.#text.slice(start, this.#at)
  }

  #value(into: LineMap): void {
    this.#skipSpaces()
    const first = this.#peek()
    if (first === '"' || first === "'") this.#string()
    else if (first === '[') this.#array(into)
    else if (first === '{') this.#inlineTable(into)
    else while (this.#at < this.#text.length && !',]}\n#'.includes(this.#peek())) this.#at++
  }

  #array(into: LineMap): void {
    this.#at++
    for (this.#skipBlank(); this.#peek() !== ']' && this.#at < this.#text.length; this.#skipBlank()) {
      const item = newMap(this.#line)
      into.items.push(item)
      this.#value(item)
      this.#skipBlank()
      if (this.#peek() === ',') this.#at++
    }
    this.#at++
  }

  #inlineTable(into: LineMap): void {
    this.#at++
    for (this.#skipBlank(); this.#peek() !== '}' && this.#at < this.#text.length; this.#skipBlank()) {
      this.#pair(into)
      this.#skipBlank()
      if (this.#peek() === ',') this.#at++
    }
    this.#at++
  }

  /** A string of any of the four kinds. */
  #string(): void {
    const quote = this.#peek()
    const long = this.#text.startsWith(quote.repeat(3), this.#at)
    const end = long ? quote.repeat(3) : quote
    this.#at += end.length
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      // The character after a backslash may be a quotation mark or, in a long string, the end of the line.
      if (quote === '"' && this.#peek() === '\\') this.#advance()
      this.#advance()
    }
    this.#at += end.length
    // A long string may end in up to two more quotation marks, which belong to it.
    if (long) while (this.#peek() === quote) this.#at++
  }

  #advance(): void {
    if (this.#peek() === '\n') this.#line++
    this.#at++
  }

  #skipSpaces(): void {
    while (this.#peek() === ' ' || this.#peek() === '\t') this.#at++
  }

  /** White space, line ends and comments. */
  #skipBlank(): void {
    for (;;) {
      const next = this.#peek()
      if (next === '#') while (this.#at < this.#text.length && this.#peek() !== '\n') this.#at++
      else if (next !== '' && ' \t\r\n'.includes(next)) this.#advance()
      else return
    }
  }

  #peek(): string {
    return this.#text.charAt(this.#at)
  }
}

/** A quoted key without its escapes; keys with escapes that JSON lacks stay as they are written. */
function unescaped(written: string): string {
  try {
    return String(JSON.parse(written))
  } catch {
    return written.slice(1, -1)
  }
}
