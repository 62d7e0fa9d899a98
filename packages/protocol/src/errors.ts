/** The three kinds of error that XMPP puts on the wire: stream (RFC 6120 §4.9), SASL (§6.5) and stanza errors (§8.3). */
import { Element, type Node, tag, text } from '@meerkat/xml'
import { CLIENT_NS, SASL_NS, STANZA_ERRORS_NS, STREAM_ERRORS_NS, STREAMS_NS } from './namespaces.ts'

/** RFC 6120 §8.3.2: what the sender of the failed stanza should do. */
export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait'

/** RFC 6120 §8.3.3: the defined conditions of stanza errors. */
export type StanzaCondition =
  | 'bad-request'
  | 'conflict'
  | 'feature-not-implemented'
  | 'forbidden'
  | 'gone'
  | 'internal-server-error'
  | 'item-not-found'
  | 'jid-malformed'
  | 'not-acceptable'
  | 'not-allowed'
  | 'not-authorized'
  | 'policy-violation'
  | 'recipient-unavailable'
  | 'redirect'
  | 'registration-required'
  | 'remote-server-not-found'
  | 'remote-server-timeout'
  | 'resource-constraint'
  | 'service-unavailable'
  | 'subscription-required'
  | 'undefined-condition'
  | 'unexpected-request'

/** A stanza is refused; the router answers its sender with this error (RFC 6120 §8.3). */
export class StanzaError extends Error {
  readonly type: StanzaErrorType
  readonly condition: StanzaCondition
  /** Text for people; undefined when the condition says it all. */
  readonly text: string | undefined
  /** An application-specific condition (RFC 6120 §8.3.4). */
  readonly application: Element | undefined

  constructor(type: StanzaErrorType, condition: StanzaCondition, text?: string, application?: Element) {
    super(text ?? condition)
    this.name = 'StanzaError'
    this.type = type
    this.condition = condition
    this.text = text
    this.application = application
  }

  /** The `<error/>` child of an error stanza. */
  toElement(): Element {
    const children: Node[] = [new Element(this.condition, STANZA_ERRORS_NS, [], [])]
    if (this.text !== undefined) children.push(errorText(STANZA_ERRORS_NS, this.text))
    if (this.application !== undefined) children.push(this.application)
    return new Element('error', CLIENT_NS, ['type', this.type], children)
  }
}

/** RFC 6120 §4.9.3: the defined conditions of stream errors. */
export type StreamCondition =
  | 'bad-format'
  | 'bad-namespace-prefix'
  | 'conflict'
  | 'connection-timeout'
  | 'host-gone'
  | 'host-unknown'
  | 'improper-addressing'
  | 'internal-server-error'
  | 'invalid-from'
  | 'invalid-namespace'
  | 'invalid-xml'
  | 'not-authorized'
  | 'not-well-formed'
  | 'policy-violation'
  | 'remote-connection-failed'
  | 'reset'
  | 'resource-constraint'
  | 'restricted-xml'
  | 'see-other-host'
  | 'system-shutdown'
  | 'undefined-condition'
  | 'unsupported-encoding'
  | 'unsupported-feature'
  | 'unsupported-stanza-type'
  | 'unsupported-version'

/** The stream cannot go on: it is closed with this error (RFC 6120 §4.9). */
export class StreamError extends Error {
  readonly condition: StreamCondition
  readonly text: string | undefined
  readonly application: Element | undefined

  constructor(condition: StreamCondition, text?: string, application?: Element) {
    super(text ?? condition)
    this.name = 'StreamError'
    this.condition = condition
    this.text = text
    this.application = application
  }

  /** The `<stream:error/>` element. */
  toElement(): Element {
    const children: Node[] = [new Element(this.condition, STREAM_ERRORS_NS, [], [])]
    if (this.text !== undefined) children.push(errorText(STREAM_ERRORS_NS, this.text))
    if (this.application !== undefined) children.push(this.application)
    return new Element('error', STREAMS_NS, [], children)
  }
}

/** RFC 6120 §6.5: the defined conditions of SASL failures. */
export type SaslCondition =
  | 'aborted'
  | 'account-disabled'
  | 'credentials-expired'
  | 'encryption-required'
  | 'incorrect-encoding'
  | 'invalid-authzid'
  | 'invalid-mechanism'
  | 'malformed-request'
  | 'mechanism-too-weak'
  | 'not-authorized'
  | 'temporary-auth-failure'

/** Authentication failed; the stream stays open for another try (RFC 6120 §6.4.5). */
export class SaslError extends Error {
  readonly condition: SaslCondition
  readonly text: string | undefined

  constructor(condition: SaslCondition, text?: string) {
    super(text ?? condition)
    this.name = 'SaslError'
    this.condition = condition
    this.text = text
  }

  /** The `<failure/>` element. */
  toElement(): Element {
    const children: Node[] = [new Element(this.condition, SASL_NS, [], [])]
    if (this.text !== undefined) children.push(new Element('text', SASL_NS, ['xml:lang', 'en'], [this.text]))
    return new Element('failure', SASL_NS, [], children)
  }
}

function errorText(ns: string, words: string): Element {
  return new Element('text', ns, ['xml:lang', 'en'], [words])
}

/** The `<error/>` of a stanza. */
export const ErrorTag = tag(CLIENT_NS, 'error')

const CONDITION_NAMESPACES = new Set([STANZA_ERRORS_NS, STREAM_ERRORS_NS, SASL_NS])

/** The condition of an error stanza, `<stream:error/>` or `<failure/>`: the name of its first child in the defining namespace. */
export function errorCondition(element: Element): string | undefined {
  const error = ErrorTag.in(element) ?? element
  return error.elements().find((child) => CONDITION_NAMESPACES.has(child.ns) && child.name !== 'text')?.name
}

/** The `<text/>` of an error, '' when there is none. */
export function errorDescription(element: Element): string {
  const error = ErrorTag.in(element) ?? element
  return text(error.elements().find((child) => child.name === 'text'))
}
