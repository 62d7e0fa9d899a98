/** Which namespace a prefix means where (Namespaces in XML 1.0 §5, §6). */
import { XmlError, malformed } from './errors.ts'
import { XMLNS_NS, XML_NS } from './names.ts'

/** The declarations in force; an element remembers `count` and `byDefault` and restores them at its end. */
export class Scope {
  /** The namespace of names without prefix. */
  byDefault = ''
  #prefixes: string[] = []
  #namespaces: string[] = []

  /** How many prefixes are declared. */
  get count(): number {
    return this.#prefixes.length
  }

  /** Declares a prefix in the element whose declarations begin at `from`. Throws XmlError. */
  bind(prefix: string, ns: string, from: number): void {
    if (this.#prefixes.indexOf(prefix, from) >= 0) throw malformed(`prefix ${prefix} is declared twice`)
    checkBinding(prefix, ns)
    this.#prefixes.push(prefix)
    this.#namespaces.push(ns)
  }

  /** The namespace of a prefix. Throws XmlError when there is none (RFC 6120 §4.9.3.2). */
  resolve(prefix: string): string {
    if (prefix === 'xml') return XML_NS
    const found = this.find(prefix)
    if (found === undefined) throw new XmlError('bad-namespace-prefix', `prefix ${prefix} is not declared`)
    return found
  }

  /** The namespace that was declared last for a prefix, or undefined. */
  find(prefix: string): string | undefined {
    const at = this.#prefixes.lastIndexOf(prefix)
    return at < 0 ? undefined : this.#namespaces[at]
  }

  /** Whether exactly these declarations are in force. */
  is(byDefault: string, prefixes: readonly string[], namespaces: readonly string[]): boolean {
    return (
      this.byDefault === byDefault &&
      this.#prefixes.length === prefixes.length &&
      this.#prefixes.every((prefix, i) => prefix === prefixes[i] && this.#namespaces[i] === namespaces[i])
    )
  }

  /** Copies of what is declared: prefixes, and the namespace of each. */
  declared(): [prefixes: readonly string[], namespaces: readonly string[]] {
    return [this.#prefixes.slice(), this.#namespaces.slice()]
  }

  /** Puts these declarations in force, which were there before. */
  load(byDefault: string, prefixes: readonly string[], namespaces: readonly string[]): void {
    this.byDefault = byDefault
    this.#prefixes = prefixes.slice()
    this.#namespaces = namespaces.slice()
  }

  /** Forgets the declarations after the first `count`. */
  restore(count: number, byDefault: string): void {
    this.byDefault = byDefault
    if (this.#prefixes.length === count) return
    this.#prefixes.length = count
    this.#namespaces.length = count
  }
}

/** Namespaces §3: `xml` is fixed, `xmlns` never declared, nothing else may have their namespaces, none is undeclared. */
function checkBinding(prefix: string, ns: string): void {
  if (prefix === 'xmlns') throw malformed('the prefix xmlns cannot be declared')
  if ((prefix === 'xml') !== (ns === XML_NS)) throw malformed('the prefix xml and its namespace belong together')
  if (ns === XMLNS_NS) throw malformed('the namespace of declarations cannot be declared')
  if (ns === '') throw malformed(`prefix ${prefix} cannot be undeclared`)
}

/** Refuses a default namespace that is reserved (Namespaces §3). */
export function checkDefault(ns: string): void {
  if (ns === XML_NS || ns === XMLNS_NS) throw malformed('a reserved namespace cannot be the default')
}
