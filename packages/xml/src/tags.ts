/** Start tags: names, attributes, and their ends (XML 1.0 §3.1). */
import { fromLatin1, fromText } from './bytes.ts'
import { ILLEGAL, NAME_BYTE, QUOTE, VALUE, isSpace } from './chars.ts'
import { Cursor } from './cursor.ts'
import { malformed } from './errors.ts'
import { DEFAULT_DECLARATION, type Name, PREFIX_DECLARATION, names, namespaces } from './names.ts'
import {
  ATTRIBUTE_NAME,
  ATTRIBUTE_VALUE,
  CDATA,
  CONTENT,
  EMPTY_TAG,
  EQUALS,
  IN_TAG,
  OPEN_QUOTE,
  START,
  TAG_NAME,
} from './states.ts'
import { type Tree } from './tree.ts'

/** The part of the scanner that reads start tags. */
export abstract class TagScanner extends Cursor {
  protected state = START
  /** Whether the document's root has begun. */
  protected rootSeen = false
  protected readonly tree: Tree
  /** The quote that ends the present attribute. */
  #quote = 0
  /** Whether white space precedes the present place in a start tag. */
  #spaced = false
  #attribute: Name | undefined

  constructor(tree: Tree) {
    super()
    this.tree = tree
  }

  /** A start tag has ended. */
  protected abstract opened(): void
  /** An element has ended. */
  protected abstract closed(): void

  /** The state changes at the end of a token only. */
  protected go(state: number): void {
    if (state === CONTENT || state === CDATA) this.flags = this.brackets = 0
    this.state = state
  }

  protected tagName(): void {
    const start = this.pos
    const end = this.#nameEnd(start)
    if (end === this.end) {
      this.suspend(start)
      return this.go(TAG_NAME)
    }
    const name = this.#name(start, end)
    this.pos = end
    this.tree.begin(name)
    this.rootSeen = true
    this.#spaced = false
    this.go(IN_TAG)
    this.inTag()
  }

  #nameEnd(start: number): number {
    const bytes = this.bytes
    const end = this.end
    let i = start
    while (i < end && NAME_BYTE[bytes[i]!] === 1) i++
    return i
  }

  #name(start: number, end: number): Name {
    if (this.carry === '') return names.get(this.bytes, start, end)
    const raw = fromLatin1(this.raw(start, end))
    return names.get(raw, 0, raw.length)
  }

  protected inTag(): void {
    const bytes = this.bytes
    let i = this.pos
    while (i < this.end && isSpace(bytes[i]!)) {
      this.#spaced = true
      i++
    }
    this.pos = i
    if (i === this.end) return
    const byte = bytes[i]!
    if (NAME_BYTE[byte] === 1 && this.#spaced) return this.attributeName()
    this.pos = i + 1
    if (byte === 0x3e) this.opened()
    else if (byte === 0x2f) this.go(EMPTY_TAG)
    else throw malformed('a broken start tag')
  }

  protected attributeName(): void {
    const start = this.pos
    const end = this.#nameEnd(start)
    if (end === this.end) {
      this.suspend(start)
      return this.go(ATTRIBUTE_NAME)
    }
    this.#attribute = this.#name(start, end)
    // Nearly always `="` or `='` and more follow at once.
    const quote = this.bytes[end + 1]!
    if (this.bytes[end] === 0x3d && end + 2 < this.end && (quote === 0x22 || quote === 0x27)) {
      this.#quote = quote
      this.flags = 0
      this.pos = end + 2
      return this.attributeValue()
    }
    this.pos = end
    this.go(EQUALS)
  }

  protected equals(): void {
    const byte = this.bytes[this.pos++]!
    if (byte === 0x3d) this.go(OPEN_QUOTE)
    else if (!isSpace(byte)) throw malformed('an attribute without value')
  }

  protected openQuote(): void {
    const byte = this.bytes[this.pos++]!
    if (byte === 0x22 || byte === 0x27) {
      this.#quote = byte
      this.flags = 0
      this.go(ATTRIBUTE_VALUE)
    } else if (!isSpace(byte)) throw malformed('an attribute value without quotes')
  }

  protected attributeValue(): void {
    const bytes = this.bytes
    const end = this.end
    const quote = this.#quote
    const start = this.pos
    let flags = this.flags
    let i = start
    for (; i < end; i++) {
      const bits = VALUE[bytes[i]!]!
      if (bits === 0) continue
      if (bits === QUOTE) {
        if (bytes[i] === quote) break
      } else if (bits === ILLEGAL) throw malformed('a character that no attribute may contain')
      else flags |= bits
    }
    this.flags = flags
    if (i === end) {
      this.suspend(start)
      return this.go(ATTRIBUTE_VALUE)
    }
    this.tree.attribute(this.#attribute!, this.#value(start, i))
    this.pos = i + 1
    this.#spaced = false
    this.go(IN_TAG)
  }

  #value(start: number, end: number): string {
    const { kind } = this.#attribute!
    const declares = kind === DEFAULT_DECLARATION || kind === PREFIX_DECLARATION
    if (!declares) return this.text(start, end, true)
    if (start === end && this.carry === '') return ''
    if (this.flags === 0 && this.carry === '') return namespaces.get(this.bytes, start, end)
    const bytes = fromText(this.text(start, end, true))
    return bytes.length === 0 ? '' : namespaces.get(bytes, 0, bytes.length)
  }

  protected emptyTag(): void {
    if (this.bytes[this.pos++] !== 0x3e) throw malformed('a broken start tag')
    this.opened()
    // Unless the sink has just begun a new document.
    if (this.tree.depth > 0) this.closed()
  }
}
