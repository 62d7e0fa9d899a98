/**
 * Stringprep (RFC 3454): mapping, normalisation, prohibition, bidirectional check.
 *
 * Code points which Unicode 3.2 did not know are allowed, as in a "query" (RFC 3454 §7): clients have emoji in their
 * resources, and libidn lets them pass too. They must come out unchanged, though: a server whose prepared strings
 * depend on the Unicode version of its run time would change the keys of its database with an upgrade.
 */
import { FORBIDDEN, LEFT, NOTHING, RIGHT, SPACE, UNASSIGNED, classOf, correctedOf, foldOf } from './tables.ts'

/** What one profile does in the steps of stringprep. */
export interface Profile {
  /** Folds case by table B.2. */
  readonly fold: boolean
  /** Maps the spaces of table C.1.2 to U+0020. */
  readonly spaces: boolean
  /** The class bits which the result may not have. */
  readonly prohibited: number
}

/** Prepares `text`; undefined when the profile forbids what comes out. */
export function stringprep(text: string, profile: Profile): string | undefined {
  const prepared = normalise(map(text, profile))
  return permitted(prepared, profile.prohibited | FORBIDDEN) ? prepared : undefined
}

/** RFC 3454 §3: each code point becomes none, itself or others. */
function map(text: string, profile: Profile): string {
  let mapped = ''
  let kept = 0
  for (let index = 0; index < text.length;) {
    const code = text.codePointAt(index)!
    const next = index + (code > 0xffff ? 2 : 1)
    const becomes = mapOne(code, profile)
    if (becomes !== undefined) {
      mapped += text.slice(kept, index) + becomes
      kept = next
    }
    index = next
  }
  return kept === 0 ? text : mapped + text.slice(kept)
}

function mapOne(code: number, profile: Profile): string | undefined {
  if (code >= 0x80) {
    const bits = classOf(code)
    // U+200B is in both tables; SASLprep makes a space of it (RFC 4013 §2.1), as its C.1.2 line comes first.
    if (bits & SPACE && profile.spaces) return ' '
    if (bits & NOTHING) return ''
  }
  return profile.fold ? foldOf(code) : undefined
}

/**
 * NFKC of Unicode 3.2 (RFC 3454 §4), from the run time's newer one. For code points assigned in 3.2 they differ in
 * five corrected ideographs only. All others were starters without decomposition then: each is copied, and the text
 * between them is normalised by itself, which is what an algorithm that does not know them does.
 */
function normalise(text: string): string {
  let normal = ''
  let start = 0
  for (let index = 0; index < text.length;) {
    const code = text.codePointAt(index)!
    const next = index + (code > 0xffff ? 2 : 1)
    const fixed = code < 0x80 ? undefined : fixedForm(code)
    if (fixed !== undefined) {
      normal += text.slice(start, index).normalize('NFKC') + fixed
      start = next
    }
    index = next
  }
  return normal + text.slice(start).normalize('NFKC')
}

/** What a code point becomes whatever stands beside it; undefined when the run time's normalisation is right. */
function fixedForm(code: number): string | undefined {
  return classOf(code) & UNASSIGNED ? String.fromCodePoint(code) : correctedOf(code)
}

/** RFC 3454 §5 and §6: nothing prohibited, and directions which do not mix. */
function permitted(text: string, prohibited: number): boolean {
  let all = 0
  let first = 0
  let last = 0
  for (let index = 0; index < text.length;) {
    const code = text.codePointAt(index)!
    last = classOf(code)
    if (index === 0) first = last
    all |= last
    index += code > 0xffff ? 2 : 1
  }
  if (all & prohibited) return false
  // §6: text with any right-to-left character has no left-to-right one, and begins and ends right to left.
  return (all & RIGHT) === 0 || ((all & LEFT) === 0 && (first & last & RIGHT) !== 0)
}
