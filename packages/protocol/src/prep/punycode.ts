/** Punycode with the parameters of IDNA: RFC 3492 §5. */
const BASE = 36
const TMIN = 1
const TMAX = 26
const SKEW = 38
const DAMP = 700
const INITIAL_BIAS = 72
const INITIAL_CODE = 128
const HYPHEN = '-'
const DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789'
const MAX_CODE = 0x10ffff

/** Encodes text without the `xn--` prefix (RFC 3492 §6.3). Time grows with the square of the length: limit it first. */
export function punycodeEncode(text: string): string {
  const codes = Array.from(text, (char) => char.codePointAt(0)!)
  const basic = codes.filter((code) => code < INITIAL_CODE)
  let output = String.fromCharCode(...basic) + (basic.length > 0 ? HYPHEN : '')
  let handled = basic.length
  let current = INITIAL_CODE
  let delta = 0
  let bias = INITIAL_BIAS
  while (handled < codes.length) {
    const next = smallestFrom(codes, current)
    delta += (next - current) * (handled + 1)
    for (const code of codes) {
      if (code < next) delta++
      if (code !== next) continue
      output += variableLength(delta, bias)
      bias = adapt(delta, handled + 1, handled === basic.length)
      delta = 0
      handled++
    }
    delta++
    current = next + 1
  }
  return output
}

/** Decodes text without the `xn--` prefix (RFC 3492 §6.2); undefined when it is no Punycode. */
export function punycodeDecode(text: string): string | undefined {
  const split = Math.max(text.lastIndexOf(HYPHEN), 0)
  const codes = Array.from(text.slice(0, split), (char) => char.charCodeAt(0))
  if (codes.some((code) => code >= INITIAL_CODE)) return undefined
  let index = split > 0 ? split + 1 : 0
  let current = INITIAL_CODE
  let place = 0
  let bias = INITIAL_BIAS
  while (index < text.length) {
    const before = place
    let weight = 1
    for (let position = BASE; ; position += BASE) {
      const digit = digitAt(text, index++)
      if (digit === -1) return undefined
      place += digit * weight
      // §6.4: overflow. Far below 2^53, and already beyond what a label can hold.
      if (place > 0x7fffffff) return undefined
      const limit = threshold(position, bias)
      if (digit < limit) break
      weight *= BASE - limit
    }
    const length = codes.length + 1
    bias = adapt(place - before, length, before === 0)
    current += Math.floor(place / length)
    if (current > MAX_CODE) return undefined
    place %= length
    codes.splice(place++, 0, current)
  }
  return String.fromCodePoint(...codes)
}

function smallestFrom(codes: readonly number[], least: number): number {
  let smallest = Infinity
  for (const code of codes) if (code >= least && code < smallest) smallest = code
  return smallest
}

/** One delta as a generalised variable-length integer (§3.3). */
function variableLength(delta: number, bias: number): string {
  let output = ''
  let rest = delta
  for (let position = BASE; ; position += BASE) {
    const limit = threshold(position, bias)
    if (rest < limit) return output + DIGITS[rest]!
    const digit = limit + ((rest - limit) % (BASE - limit))
    output += DIGITS[digit]!
    rest = Math.floor((rest - limit) / (BASE - limit))
  }
}

function threshold(position: number, bias: number): number {
  return Math.min(Math.max(position - bias, TMIN), TMAX)
}

/** Bias adaptation (§6.1). */
function adapt(delta: number, length: number, first: boolean): number {
  let rest = Math.floor(delta / (first ? DAMP : 2))
  rest += Math.floor(rest / length)
  let steps = 0
  for (; rest > ((BASE - TMIN) * TMAX) / 2; steps += BASE) rest = Math.floor(rest / (BASE - TMIN))
  return steps + Math.floor(((BASE - TMIN + 1) * rest) / (rest + SKEW))
}

function digitAt(text: string, index: number): number {
  return index < text.length ? DIGITS.indexOf(text.charAt(index).toLowerCase()) : -1
}
