/** The XML declaration (XML 1.0 §2.8), all of a document that comes before its root. */
import { isSpace } from './chars.ts'
import { XmlError, malformed } from './errors.ts'

/**
 * Checks the inside of `<?…>`, the closing question mark included. Throws XmlError: `restricted-xml` for any other
 * processing instruction, `unsupported-encoding` for any encoding but UTF-8 (RFC 6120 §11.6).
 */
export function checkDeclaration(text: string): void {
  checkTarget(text)
  if (!text.endsWith('?')) throw malformed('the XML declaration does not end')
  const attributes = readAttributes(text.slice(3, -1))
  const version = attributes.shift()
  if (version?.[0] !== 'version' || !isVersion(version[1])) throw malformed('not a version of XML 1')
  const next = attributes[0]?.[0] === 'encoding' ? attributes.shift() : undefined
  if (attributes[0]?.[0] === 'standalone' && (attributes[0][1] === 'yes' || attributes[0][1] === 'no'))
    attributes.shift()
  if (attributes.length > 0) throw malformed('the XML declaration says something unknown')
  if (next !== undefined && next[1].toLowerCase() !== 'utf-8') {
    throw new XmlError('unsupported-encoding', 'the only encoding is UTF-8')
  }
}

/** Throws `restricted-xml` unless the first four characters of `<?` can begin an XML declaration (RFC 6120 §11.1). */
export function checkTarget(text: string): void {
  if (!text.startsWith('xml') || !isSpace(text.charCodeAt(3))) {
    throw new XmlError('restricted-xml', 'processing instructions are not allowed')
  }
}

function isVersion(value: string): boolean {
  if (!value.startsWith('1.') || value.length < 3 || value.length > 8) return false
  for (let i = 2; i < value.length; i++) if (value.charCodeAt(i) < 0x30 || value.charCodeAt(i) > 0x39) return false
  return true
}

function readAttributes(text: string): [string, string][] {
  const found: [string, string][] = []
  for (let at = skip(text, 0); at < text.length;) {
    if (!isSpace(text.charCodeAt(at - 1))) throw malformed('white space is missing')
    const equals = text.indexOf('=', at)
    if (equals < 0) throw malformed('the XML declaration is broken')
    const quote = skip(text, equals + 1)
    const end = text[quote] === '"' || text[quote] === "'" ? text.indexOf(text[quote], quote + 1) : -1
    if (end < 0) throw malformed('the XML declaration is broken')
    found.push([text.slice(at, backOver(text, equals)), text.slice(quote + 1, end)])
    at = skip(text, end + 1)
  }
  return found
}

function skip(text: string, from: number): number {
  let at = from
  while (isSpace(text.charCodeAt(at))) at++
  return at
}

function backOver(text: string, end: number): number {
  let at = end
  while (isSpace(text.charCodeAt(at - 1))) at--
  return at
}
