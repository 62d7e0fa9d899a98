/** What the parser and the serializer throw. */

/** Stream error conditions (RFC 6120 §4.9.3) that XML itself can cause. */
export type XmlCondition =
  | 'bad-namespace-prefix'
  | 'invalid-xml'
  | 'not-well-formed'
  | 'policy-violation'
  | 'restricted-xml'
  | 'unsupported-encoding'

/** XML that must not be accepted or printed; `condition` is the stream error to answer with (RFC 6120 §4.9.3). */
export class XmlError extends Error {
  readonly condition: XmlCondition

  constructor(condition: XmlCondition, message: string) {
    super(message)
    this.name = 'XmlError'
    this.condition = condition
  }
}

/** The error for text that is not XML, or not XML with namespaces (RFC 6120 §4.9.3.13). */
export function malformed(message: string): XmlError {
  return new XmlError('not-well-formed', message)
}
