/** Stanzas (RFC 6120 §8): building, reading and answering them. */
import { Element, type Node, type Tag, tag, text } from '@meerkat/xml'
import { ErrorTag, StanzaError } from './errors.ts'
import { CLIENT_NS, STANZA_ERRORS_NS } from './namespaces.ts'

export const Iq = tag(CLIENT_NS, 'iq')
export const Message = tag(CLIENT_NS, 'message')
export const Presence = tag(CLIENT_NS, 'presence')

export const Body = tag(CLIENT_NS, 'body')
export const Subject = tag(CLIENT_NS, 'subject')
export const Thread = tag(CLIENT_NS, 'thread')
export const Show = tag(CLIENT_NS, 'show')
export const Status = tag(CLIENT_NS, 'status')
export const Priority = tag(CLIENT_NS, 'priority')

/** Whether an element is one of the three stanzas of a client stream. */
export function isStanza(element: Element): boolean {
  return (
    element.ns === CLIENT_NS && (element.name === 'message' || element.name === 'presence' || element.name === 'iq')
  )
}

/** The type of a message; RFC 6121 §5.2.2: an absent or unknown type means `normal`. */
export function messageType(message: Element): 'chat' | 'error' | 'groupchat' | 'headline' | 'normal' {
  const type = message.attr('type')
  return type === 'chat' || type === 'error' || type === 'groupchat' || type === 'headline' ? type : 'normal'
}

/** The priority of a presence; RFC 6121 §4.7.2.3: absent or out of range means 0. */
export function presencePriority(presence: Element): number {
  const element = Priority.in(presence)
  if (element === undefined) return 0
  const priority = Number(text(element).trim())
  return Number.isInteger(priority) && priority >= -128 && priority <= 127 ? priority : 0
}

/** The one payload of an IQ request, or undefined when it has none or several (RFC 6120 §8.2.3). */
export function payload(iq: Element): Element | undefined {
  const elements = iq.elements()
  return elements.length === 1 ? elements[0] : undefined
}

/** The result of an IQ request, addressed back to its sender. */
export function result(iq: Element, ...children: readonly (Node | undefined)[]): Element {
  return Iq({ type: 'result', id: iq.attr('id'), from: iq.attr('to'), to: iq.attr('from') }, ...children)
}

/** The error stanza that answers `stanza`. What the sender wrote is not echoed: nothing that failed validation leaves the server. */
export function errorReply(stanza: Element, error: StanzaError): Element {
  return new Element(stanza.name, stanza.ns, [], [error.toElement()]).with({
    type: 'error',
    id: stanza.attr('id'),
    from: stanza.attr('to'),
    to: stanza.attr('from'),
    'xml:lang': stanza.attr('xml:lang'),
  })
}

/** Whether a stanza may be answered with an error: errors and IQ results never are (RFC 6120 §8.3.1). */
export function mayBounce(stanza: Element): boolean {
  const type = stanza.attr('type')
  return type !== 'error' && !(stanza.name === 'iq' && type === 'result')
}

const TYPES = new Set<string>(['auth', 'cancel', 'continue', 'modify', 'wait'])

/** Reads the error of an error stanza; an unreadable one becomes `undefined-condition`. */
export function readStanzaError(stanza: Element): StanzaError {
  const element = ErrorTag.in(stanza)
  const children = element?.elements() ?? []
  const condition = children.find((child) => child.ns === STANZA_ERRORS_NS && child.name !== 'text')
  const words = text(children.find((child) => child.ns === STANZA_ERRORS_NS && child.name === 'text'))
  const type = element?.attr('type') ?? ''
  return new StanzaError(
    TYPES.has(type) ? (type as StanzaError['type']) : 'cancel',
    (condition?.name ?? 'undefined-condition') as StanzaError['condition'],
    words === '' ? undefined : words,
    children.find((child) => child.ns !== STANZA_ERRORS_NS),
  )
}

/** Whether `stanza` is an IQ request (`get` or `set`). */
export function isRequest(stanza: Element): boolean {
  const type = stanza.attr('type')
  return stanza.name === 'iq' && (type === 'get' || type === 'set')
}

/** The name under which IQ payloads are routed. */
export function qualifiedName(tagOrElement: Tag | Element): string {
  return tagOrElement instanceof Element
    ? `{${tagOrElement.ns}}${tagOrElement.name}`
    : `{${tagOrElement.ns}}${tagOrElement.local}`
}
