/** Reading stream errors (RFC 6120 §4.9). */
import { type Element, text } from '@meerkat/xml'
import { STREAM_ERRORS_NS, StreamError } from '@meerkat/protocol'

/** Reads `<stream:error/>`; a condition that can't be found becomes `undefined-condition`. */
export function readStreamError(element: Element): StreamError {
  const children = element.elements()
  const defined = children.filter((child) => child.ns === STREAM_ERRORS_NS)
  const condition = defined.find((child) => child.name !== 'text')?.name ?? 'undefined-condition'
  const words = text(defined.find((child) => child.name === 'text'))
  return new StreamError(
    condition as StreamError['condition'],
    words === '' ? undefined : words,
    children.find((child) => child.ns !== STREAM_ERRORS_NS),
  )
}
