/** One whole document at once. */
import { asBytes, fromText } from './bytes.ts'
import { type Element } from './element.ts'
import { malformed } from './errors.ts'
import { type Limits, limitsOf } from './limits.ts'
import { Scanner, type Sink } from './scanner.ts'

/** Reads one document, for example a WebSocket frame (RFC 7395 §3.3.3). Throws XmlError. */
export function parseElement(text: string | Uint8Array, limits: Partial<Limits> = {}): Element {
  const result = new Result()
  const scanner = new Scanner(result, limitsOf(limits), false)
  const bytes = typeof text === 'string' ? encode(text) : asBytes(text)
  scanner.feed(bytes, bytes.length)
  if (result.found === undefined || !scanner.finished) throw malformed('the document is not complete')
  return result.found
}

/** Encoding would replace lone surrogates silently; a document that has them is none. */
function encode(text: string): ReturnType<typeof fromText> {
  if (!text.isWellFormed()) throw malformed('a lone surrogate')
  return fromText(text)
}

class Result implements Sink {
  found: Element | undefined

  open(): void {}

  element(element: Element): void {
    this.found = element
  }

  close(): void {}
}
