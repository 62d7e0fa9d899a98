/** How much a peer may make the parser hold (RFC 6120 §13.12). */

/** Finite caps; `Infinity` switches one off. */
export interface Limits {
  /** Raw input bytes from the `<` of a child of the root to its end, or of a whole document for `parseElement`. */
  readonly stanzaBytes: number
  /** Raw input bytes before and within the root's start tag. */
  readonly headerBytes: number
  /** Levels of a stanza; the stanza itself is level 1. */
  readonly depth: number
  /** Elements in a stanza, itself included. */
  readonly elements: number
  /** Attributes in one start tag, namespace declarations included. */
  readonly attributes: number
}

/** The caps of an authenticated stream. */
export const DEFAULT_LIMITS: Limits = {
  stanzaBytes: 262_144,
  headerBytes: 8192,
  depth: 64,
  elements: 4096,
  attributes: 256,
}

/** What `limitsWith` has made, by what it was made of. */
const made = new WeakMap<Limits, WeakMap<Partial<Limits>, Limits>>()

/** `changes` over `limits`; the same objects give the same answer, so that thousands of streams share one. */
export function limitsWith(limits: Limits, changes: Partial<Limits>): Limits {
  let known = made.get(limits)
  if (known === undefined) made.set(limits, (known = new WeakMap()))
  let merged = known.get(changes)
  if (merged === undefined) known.set(changes, (merged = { ...limits, ...changes }))
  return merged
}

/** `partial` over the defaults. */
export function limitsOf(partial: Partial<Limits> = {}): Limits {
  return limitsWith(DEFAULT_LIMITS, partial)
}
