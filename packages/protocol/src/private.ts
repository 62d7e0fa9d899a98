/** XEP-0049 1.2: Private XML Storage. */
import { type Element, tag } from '@meerkat/xml'
import { StanzaError } from './errors.ts'

export const PrivateQuery = tag('jabber:iq:private', 'query')

/**
 * The elements that a query asks for or stores, each known by its name and namespace.
 * Throws `bad-request` when there is none, or one has no namespace of its own (XEP-0049 §2).
 */
export function parsePrivate(query: Element): Element[] {
  const elements = query.elements()
  if (elements.length === 0) throw new StanzaError('modify', 'bad-request', 'The query is empty.')
  for (const element of elements) {
    if (element.ns === '' || element.ns === query.ns) {
      throw new StanzaError('modify', 'bad-request', `<${element.name}/> needs a namespace of its own.`)
    }
  }
  return elements
}
