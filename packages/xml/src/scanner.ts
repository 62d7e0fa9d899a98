/**
 * The scanner: bytes in, tokens to the tree. It reads each byte once and can stop and go on behind any of them, so a
 * verdict never depends on how the network cut the stream. Follows XML 1.0 (fifth edition) and Namespaces in XML 1.0
 * within the bounds of RFC 6120 §11: no comment, processing instruction, DTD or entity of one's own.
 */

import { type Bytes, NO_BYTES, fromLatin1 } from './bytes.ts'
import { AMPERSAND, GREATER, ILLEGAL, LESS, NAME_BYTE, TEXT, isSpace } from './chars.ts'
import { decode } from './decode.ts'
import { type Element } from './element.ts'
import { XmlError, malformed } from './errors.ts'
import { type Limits } from './limits.ts'
import { Prolog } from './prolog.ts'
import {
  ATTRIBUTE_NAME,
  ATTRIBUTE_VALUE,
  CDATA,
  CDATA_OPEN,
  CONTENT,
  EMPTY_TAG,
  END_NAME,
  END_TAG,
  EQUALS,
  IN_TAG,
  MARKUP,
  OPEN_QUOTE,
  OUTSIDE,
  START,
  TAG,
  TAG_NAME,
} from './states.ts'
import { TagScanner } from './tags.ts'
import { type Root, Tree } from './tree.ts'

/** Who gets what a document holds. */
export interface Sink {
  /** The start tag of a stream's root, and the default namespace in force within. */
  open(header: Element, defaultNs: string): void
  /** A finished child of a stream's root, or a finished document. */
  element(element: Element): void
  /** The end tag of a stream's root. */
  close(): void
}

/** Who gets what a scanner without stream reads: nothing. */
const NOBODY: Sink = { open: () => undefined, element: () => undefined, close: () => undefined }

const CDATA_START = fromLatin1('[CDATA[')

/** One document after another, from bytes. */
export class Scanner extends TagScanner {
  /** Set to make `run` return behind the present element. */
  halted = false
  /** The caps; new ones count from the next stanza on. */
  limits: Limits
  /** Whether an exception comes from the sink, not from the bytes. */
  inSink = false
  #sink: Sink
  readonly #stream: boolean
  /** The root below which this scanner stands or has stood last. */
  #root: Root | undefined
  #prolog = new Prolog()
  /** How much of a fixed word has been seen. */
  #matched = 0

  /** `stream`: the root's children are handed out; otherwise the whole document is. */
  constructor(sink: Sink, limits: Limits, stream: boolean) {
    super(new Tree(stream ? 1 : 0, limits))
    this.#sink = sink
    this.#stream = stream
    this.limits = limits
    this.allow(this.#firstCap())
  }

  /**
   * Lets go of a stream between two stanzas: all that is to be known of it to go on later, by `resume`, with this scanner or another one.
   * Undefined at any other place.
   */
  rest(): Root | undefined {
    if (this.state !== OUTSIDE || this.tree.depth !== 1 || this.halted || this.left > 0) return undefined
    this.#root ??= this.tree.root()
    this.#sink = NOBODY
    return this.#root
  }

  /** Goes on with a stream that rests, or begins one. */
  resume(sink: Sink, limits: Limits, root: Root | undefined): void {
    this.#sink = sink
    this.limits = limits
    if (root === undefined) return this.reset()
    // Most often it stands there already, and there is nothing to do.
    if (root === this.#root) return
    this.#root = root
    this.tree.below(root)
    this.rootSeen = true
    this.dropToken()
    this.allow(Infinity)
    this.go(OUTSIDE)
  }

  /** Begins a new document at the next byte. */
  reset(): void {
    this.#root = undefined
    this.tree.clear()
    this.tree.limits = this.limits
    this.state = START
    this.#prolog = new Prolog()
    this.rootSeen = false
    this.dropToken()
    this.allow(this.#firstCap())
  }

  /** Forgets everything; what follows makes no sense any more. */
  drop(): void {
    this.#root = undefined
    this.tree.clear()
    this.dropToken()
    this.load(NO_BYTES, 0)
  }

  /** Whether a root element has ended and nothing but white space has come since. */
  get finished(): boolean {
    return this.rootSeen && this.tree.depth === 0 && this.state === OUTSIDE
  }

  /** Goes through the first `size` of `bytes`, which must not change before they are used up. Throws XmlError. */
  feed(bytes: Bytes, size: number): void {
    this.unload()
    this.load(bytes, size)
    this.run()
  }

  /** Goes on with the bytes at hand until they are used up or the sink sets `halted`. Throws XmlError. */
  run(): void {
    const from = this.pos
    while (this.pos < this.end && !this.halted) this.#step()
    this.work += this.pos - from
    if (this.halted) return
    if (this.pos < this.size) throw new XmlError('policy-violation', 'more bytes than allowed')
    this.unload()
  }

  #firstCap(): number {
    return this.#stream ? this.limits.headerBytes : this.limits.stanzaBytes
  }

  #step(): void {
    switch (this.state) {
      case CONTENT:
        return this.#content()
      case TAG:
        return this.#tag()
      case TAG_NAME:
        return this.tagName()
      case IN_TAG:
        return this.inTag()
      case ATTRIBUTE_NAME:
        return this.attributeName()
      case ATTRIBUTE_VALUE:
        return this.attributeValue()
      case END_NAME:
        return this.#endName()
      case OUTSIDE:
        return this.#outside()
      default:
        return this.#seldom()
    }
  }

  #seldom(): void {
    switch (this.state) {
      case START:
        return this.#start()
      case EQUALS:
        return this.equals()
      case OPEN_QUOTE:
        return this.openQuote()
      case EMPTY_TAG:
        return this.emptyTag()
      case END_TAG:
        return this.#endTag()
      case MARKUP:
        return this.#markup()
      case CDATA_OPEN:
        return this.#cdataOpen()
      default:
        return this.#cdata()
    }
  }

  // Outside of stanzas

  #start(): void {
    const prolog = this.#prolog
    this.pos = prolog.read(this.bytes, this.pos, this.end)
    if (prolog.outcome !== 'undecided') this.go(prolog.outcome === 'tag' ? TAG : OUTSIDE)
  }

  /** Between the children of a stream's root, before a root and behind it: white space, of which nothing is kept. */
  #outside(): void {
    const bytes = this.bytes
    let i = this.pos
    while (i < this.end && isSpace(bytes[i]!)) i++
    this.pos = i
    if (i === this.end) return
    if (bytes[i] !== 0x3c) throw this.#strayText()
    if (this.tree.depth > 0) {
      this.allow(this.limits.stanzaBytes)
      this.tree.limits = this.limits
    }
    this.pos = i + 1
    this.go(TAG)
  }

  #strayText(): XmlError {
    return this.tree.depth > 0
      ? new XmlError('invalid-xml', 'text between stanzas')
      : malformed('text outside of the root element')
  }

  // Tags

  #tag(): void {
    const byte = this.bytes[this.pos]!
    if (NAME_BYTE[byte] === 1) {
      if (this.rootSeen && this.tree.depth === 0) throw malformed('a second root element')
      return this.tagName()
    }
    this.pos++
    if (byte === 0x2f) {
      if (this.tree.depth === 0) throw malformed('an end tag without start tag')
      this.#matched = 0
      this.go(END_NAME)
      if (this.pos < this.end) this.#endName()
    } else if (byte === 0x21) this.go(MARKUP)
    else if (byte === 0x3f) throw new XmlError('restricted-xml', 'processing instructions are not allowed')
    else throw malformed('not a tag')
  }

  protected override opened(): void {
    const tree = this.tree
    tree.opened()
    if (tree.depth > 1 || !this.#stream) return this.go(CONTENT)
    this.allow(Infinity)
    this.go(OUTSIDE)
    this.inSink = true
    this.#sink.open(tree.header(), tree.scope.byDefault)
    this.inSink = false
  }

  #endName(): void {
    const name = this.tree.expected()
    const bytes = this.bytes
    const end = this.end
    let i = this.pos
    let matched = this.#matched
    while (matched < name.length && i < end && bytes[i] === name[matched]) {
      i++
      matched++
    }
    this.pos = i
    this.#matched = matched
    if (matched < name.length) {
      if (i < end) throw malformed('an end tag that does not match its start tag')
      return
    }
    if (i < end && bytes[i] === 0x3e) {
      this.pos = i + 1
      this.closed()
    } else this.go(END_TAG)
  }

  #endTag(): void {
    const byte = this.bytes[this.pos++]!
    if (byte === 0x3e) this.closed()
    else if (!isSpace(byte)) throw malformed('an end tag that does not match its start tag')
  }

  protected override closed(): void {
    const element = this.tree.close()
    if (element === undefined) return this.go(CONTENT)
    if (this.#stream) this.allow(Infinity)
    this.go(OUTSIDE)
    this.inSink = true
    if (this.#stream && this.tree.depth === 0) this.#sink.close()
    else this.#sink.element(element)
    this.inSink = false
  }

  // Text

  #content(): void {
    const bytes = this.bytes
    const end = this.end
    const start = this.pos
    let flags = this.flags
    let i = start
    for (; i < end; i++) {
      const bits = TEXT[bytes[i]!]!
      if (bits === 0) continue
      if (bits === LESS) break
      if (bits === GREATER) {
        if (this.follows(start, i)) throw malformed(']]> in text')
      } else if (bits === ILLEGAL) throw malformed('a character that no text may contain')
      else flags |= bits
    }
    this.flags = flags
    if (i === end) return this.suspend(start)
    if (i > start || this.carry !== '') this.tree.text(this.text(start, i, false))
    this.pos = i + 1
    this.go(TAG)
    if (this.pos < end) this.#tag()
  }

  /** `<!`: a CDATA section or something that is never allowed. */
  #markup(): void {
    const byte = this.bytes[this.pos]!
    const declaration = byte === 0x2d || (byte >= 0x41 && byte <= 0x5a)
    if (declaration) throw new XmlError('restricted-xml', 'comments and document types are not allowed')
    if (this.tree.depth <= (this.#stream ? 1 : 0)) throw malformed('a CDATA section outside of content')
    this.#matched = 0
    this.go(CDATA_OPEN)
  }

  #cdataOpen(): void {
    if (this.bytes[this.pos++] !== CDATA_START[this.#matched]) throw malformed('not a CDATA section')
    if (++this.#matched === CDATA_START.length) this.go(CDATA)
  }

  #cdata(): void {
    const bytes = this.bytes
    const start = this.pos
    let i = start
    for (; i < this.end; i++) {
      const bits = TEXT[bytes[i]!]!
      if (bits === ILLEGAL) throw malformed('a character that no text may contain')
      if (bits === GREATER && this.follows(start, i)) break
      this.flags |= bits & ~(LESS | GREATER | AMPERSAND)
    }
    if (i === this.end) return this.suspend(start)
    const raw = fromLatin1(this.raw(start, i))
    const text = decode(raw, 0, raw.length - 2, this.flags, false)
    if (text !== '') this.tree.text(text)
    this.pos = i + 1
    this.go(CONTENT)
  }
}
