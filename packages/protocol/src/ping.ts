/** XEP-0199 2.0.1: XMPP Ping. */
import { tag } from '@meerkat/xml'

export const Ping = tag('urn:xmpp:ping', 'ping')
