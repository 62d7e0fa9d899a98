/** Elements as text where no stream header stands around them: a WebSocket frame, the body of a BOSH response. */
import { STREAMS_NS } from '@meerkat/protocol'
import { type Element, serialize, serializeInStream } from '@meerkat/xml'

/** The text of an element with every namespace declared. Clients know features and errors of a stream by their prefix, so they keep it. */
export function standaloneText(element: Element): string {
  if (element.ns !== STREAMS_NS) return serialize(element)
  const text = serializeInStream(element, '')
  const name = `<stream:${element.name}`
  return `${name} xmlns:stream='${STREAMS_NS}'${text.slice(name.length)}`
}
