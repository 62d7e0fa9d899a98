/** Compares what a server says with an example, in which some words stand for what the server chooses. */
import type { Jid } from '@meerkat/protocol'
import type { Element, Node } from '@meerkat/xml'

/** What servers may say more than an example, and it means the same. */
const IMPLIED = new Set(['from', 'to', 'xml:lang'])
const STANZAS = 'jabber:client'

/** The words of examples that stand for something else, with what that is as far as it is known. */
export class Unknowns {
  readonly #values = new Map<string, string | undefined>()

  constructor(words: readonly string[]) {
    for (const word of words) this.#values.set(word, undefined)
  }

  /** Puts in what is known by now. */
  fill(text: string): string {
    return [...this.#values].reduce((known, [word, value]) => known.replaceAll(word, value ?? word), text)
  }

  /** What is different; undefined when the server says what the example says. `to` is to whom it says that. */
  compare(expected: Element, got: Element, to: Jid | undefined): string | undefined {
    if (expected.name !== got.name || expected.ns !== got.ns) return `it is ${got.name} of ${got.ns}`
    const attribute = this.#attributes(expected, got, to)
    if (attribute !== undefined) return attribute
    // RFC 6120 §8.3.1: what was sent need not be repeated in an error.
    if (expected.attr('type') === 'error') return this.#error(child(expected, 'error'), child(got, 'error'))
    return this.#children(expected.children.filter(isSaid), got.children.filter(isSaid))
  }

  #attributes(expected: Element, got: Element, to: Jid | undefined): string | undefined {
    for (const [name, value] of pairs(expected)) {
      const has = got.attr(name)
      // RFC 6120 §8.1.2.1: a stanza without `from` is from the account itself; one without `to` is for the client.
      if (has === undefined && IMPLIED.has(name) && (value === to?.toString() || value === to?.bare.toString()))
        continue
      if (has === undefined || !this.#same(value, has)) return `${name} is ${has}`
    }
    const more = pairs(got).find(([name]) => expected.attr(name) === undefined && !IMPLIED.has(name))
    return more && `there is ${more[0]}, too`
  }

  /** RFC 6120 §8.3.2: type and condition; codes are of former times, and texts are for people. */
  #error(expected: Element | undefined, got: Element | undefined): string | undefined {
    if (got === undefined || expected?.attr('type') !== got.attr('type')) return `the type is ${got?.attr('type')}`
    const [wanted] = expected?.elements() ?? []
    const [condition] = got.elements()
    return wanted?.name === condition?.name ? undefined : `the condition is ${condition?.name}`
  }

  #children(expected: readonly Node[], got: readonly Node[]): string | undefined {
    const named = expected.filter((node) => !isMore(node))
    if (named.length < expected.length) {
      // An ellipsis: there is more, and the order says nothing.
      const missing = named.find((node) => !got.some((other) => this.#node(node, other) === undefined))
      return missing === undefined ? undefined : `there is no ${show(missing)}`
    }
    if (expected.length !== got.length) return `it has ${got.length} children`
    for (const [i, node] of expected.entries()) {
      const problem = this.#node(node, got[i]!)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  #node(expected: Node, got: Node): string | undefined {
    if (typeof expected === 'string')
      return typeof got === 'string' && this.#same(plain(expected), plain(got)) ? undefined : `the text is ${show(got)}`
    return typeof got === 'string' ? `there is the text ${got}` : this.compare(expected, got, undefined)
  }

  #same(expected: string, got: string): boolean {
    if (!this.#values.has(expected)) return expected === got
    const known = this.#values.get(expected) ?? got
    this.#values.set(expected, known)
    return known === got
  }
}

const isSaid = (node: Node): boolean => typeof node !== 'string' || node.trim() !== ''
const isMore = (node: Node): boolean => typeof node !== 'string' && node.ns === 'etc'
const show = (node: Node): string => (typeof node === 'string' ? node : node.name)
const plain = (text: string): string => text.trim().replaceAll(/\s+/g, ' ')
const child = (element: Element, name: string): Element | undefined =>
  element.elements().find((each) => each.name === name && each.ns === STANZAS)

function pairs({ attrs }: Element): (readonly [name: string, value: string])[] {
  return attrs.flatMap((name, i) => (i % 2 === 0 ? [[name, attrs[i + 1] ?? ''] as const] : []))
}
