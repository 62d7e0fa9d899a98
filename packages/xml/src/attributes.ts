/** What holds for every flat attribute list. */
import { malformed } from './errors.ts'

/** From so many attributes on a set is faster than comparing each with each. */
const MANY = 16

/** Throws XmlError when a name occurs twice (XML 1.0 §3.1, Namespaces §6.3). */
export function checkDuplicates(attrs: readonly string[]): void {
  const { length } = attrs
  if (length > 2 * MANY) {
    const seen = new Set<string>()
    for (let i = 0; i < length; i += 2) seen.add(attrs[i]!)
    if (seen.size < length / 2) throw malformed('an attribute occurs twice')
    return
  }
  for (let i = 2; i < length; i += 2) {
    for (let j = 0; j < i; j += 2) if (attrs[i] === attrs[j]) throw malformed(`attribute ${attrs[i]} occurs twice`)
  }
}
