/** Domainparts: RFC 6122 §2.2. */
import { BEYOND, NAME, UPPER, classAt } from './ascii.ts'

const DOT = 0x2e
const HYPHEN = 0x2d
const MAX_LABEL = 63

/** Prepares a domainpart; undefined when it is no domain name and no IP address. */
export function domainprep(text: string): string | undefined {
  const domain = text.endsWith('.') ? text.slice(0, -1) : text
  const bits = scanNames(domain)
  if (bits === 0 || bits & BEYOND) return undefined
  return bits & UPPER ? domain.toLowerCase() : domain
}

/** The class bits of a dotted ASCII name; 0 when a label is empty, too long, or holds what a name may not hold. */
function scanNames(domain: string): number {
  let bits = 0
  let start = 0
  for (let index = 0; index <= domain.length; index++) {
    if (index === domain.length || domain.charCodeAt(index) === DOT) {
      if (index === start || index - start > MAX_LABEL) return 0
      if (domain.charCodeAt(start) === HYPHEN || domain.charCodeAt(index - 1) === HYPHEN) return 0
      start = index + 1
      continue
    }
    const found = classAt(domain, index)
    if ((found & (NAME | BEYOND)) === 0) return 0
    bits |= found
  }
  return bits
}
