/** Matches shell patterns in time proportional to pattern times text, without allocating. */

/** `*` stands for any text, `?` for one character, `[abc]`, `[a-z]` and `[!a-z]` for one of a set or none of it. */
export interface Glob {
  readonly parts: readonly GlobPart[]
}

type GlobPart =
  | { readonly kind: 'text'; readonly code: number }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] }

/** Prepares a pattern. An unclosed `[` stands for itself. */
export function compileGlob(pattern: string): Glob {
  const parts: GlobPart[] = []
  for (let at = 0; at < pattern.length; at++) {
    const next = pattern[at]!
    const close = next === '[' ? pattern.indexOf(']', at + 2) : -1
    if (next === '*') parts.push({ kind: 'star' })
    else if (next === '?') parts.push({ kind: 'any' })
    else if (close === -1) parts.push({ kind: 'text', code: pattern.charCodeAt(at) })
    else {
      parts.push(setOf(pattern.slice(at + 1, close)))
      at = close
    }
  }
  return { parts }
}

function setOf(inside: string): GlobPart {
  const negated = inside.startsWith('!') || inside.startsWith('^')
  const members = negated ? inside.slice(1) : inside
  const ranges: [number, number][] = []
  for (let at = 0; at < members.length; at++) {
    const from = members.charCodeAt(at)
    const isRange = members[at + 1] === '-' && at + 2 < members.length
    ranges.push([from, isRange ? members.charCodeAt(at + 2) : from])
    if (isRange) at += 2
  }
  return { kind: 'set', negated, ranges }
}

/** Whether the whole of `text` fits the pattern. */
export function globMatches({ parts }: Glob, text: string): boolean {
  let part = 0
  let at = 0
  let star = -1
  let starAt = 0
  while (at < text.length) {
    const current = parts[part]
    if (current?.kind === 'star') {
      star = part++
      starAt = at
    } else if (current !== undefined && fits(current, text.charCodeAt(at))) {
      part++
      at++
    } else if (star === -1) {
      return false
    } else {
      // The last star takes one character more; earlier ones never need to.
      part = star + 1
      at = ++starAt
    }
  }
  while (parts[part]?.kind === 'star') part++
  return part === parts.length
}

function fits(part: GlobPart, code: number): boolean {
  if (part.kind === 'text') return part.code === code
  if (part.kind === 'set') return inRanges(part.ranges, code) !== part.negated
  return part.kind === 'any'
}

function inRanges(ranges: readonly (readonly [number, number])[], code: number): boolean {
  for (const range of ranges) if (code >= range[0] && code <= range[1]) return true
  return false
}
