/** XEP-0124 1.11.2 and XEP-0206 1.4: the wrapper of XMPP over BOSH. */
import { tag } from '@meerkat/xml'

export const BOSH_NS = 'http://jabber.org/protocol/httpbind'
export const XBOSH_NS = 'urn:xmpp:xbosh'
export const BoshBody = tag(BOSH_NS, 'body')
