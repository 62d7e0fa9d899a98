/** What may come before the root: a byte order mark and an XML declaration (XML 1.0 §2.8, RFC 6120 §11.5, §11.6). */
import { type Bytes } from './bytes.ts'
import { checkDeclaration, checkTarget } from './declaration.ts'
import { XmlError, malformed } from './errors.ts'

const BOM = [0xef, 0xbb, 0xbf]

/** What follows: a tag whose `<` has been read, or anything that may stand outside of the root. */
export type Outcome = 'undecided' | 'tag' | 'outside'

/** Reads the very beginning of a document. */
export class Prolog {
  outcome: Outcome = 'undecided'
  /** Bytes of the mark that have come. */
  #mark = 0
  #started = false
  /** Inside `<?`. */
  #declaration: string | undefined

  /** Reads on until the outcome is clear or the bytes end; returns where it stopped. Throws XmlError. */
  read(bytes: Bytes, from: number, end: number): number {
    let at = from
    while (at < end && this.outcome === 'undecided') at = this.#step(bytes, at, end)
    return at
  }

  #step(bytes: Bytes, at: number, end: number): number {
    if (this.#declaration !== undefined) return this.#read(bytes, at, end, this.#declaration)
    const byte = bytes[at]!
    if (this.#started) {
      if (byte !== 0x3f) return this.#is('tag', at)
      this.#declaration = ''
      return at + 1
    }
    return this.#mark < BOM.length && (this.#mark > 0 || byte >= 0x80) ? this.#marked(byte, at) : this.#first(byte, at)
  }

  #is(outcome: Outcome, at: number): number {
    this.outcome = outcome
    return at
  }

  #first(byte: number, at: number): number {
    if (byte !== 0x3c) return this.#is('outside', at)
    this.#started = true
    return at + 1
  }

  /** The mark of UTF-8 is tolerated (XML 1.0 §4.3.3); that of UTF-16 says that this is no UTF-8. */
  #marked(byte: number, at: number): number {
    if (this.#mark === 0 && byte >= 0xfe) throw new XmlError('unsupported-encoding', 'the only encoding is UTF-8')
    if (byte !== BOM[this.#mark]) throw malformed('text outside of the root element')
    this.#mark++
    return at + 1
  }

  #read(bytes: Bytes, at: number, end: number, before: string): number {
    const close = bytes.indexOf(0x3e, at)
    const done = close >= 0 && close < end
    const text = before + bytes.latin1Slice(at, done ? close : end)
    this.#declaration = text
    if (before.length < 4 && text.length >= 4) checkTarget(text)
    if (!done) return end
    checkDeclaration(text)
    return this.#is('outside', close + 1)
  }
}
