/** RFC 7395: how a stream begins and ends over WebSocket. */
import { tag } from '@meerkat/xml'

export const FRAMING_NS = 'urn:ietf:params:xml:ns:xmpp-framing'
export const FramingOpen = tag(FRAMING_NS, 'open')
export const FramingClose = tag(FRAMING_NS, 'close')
