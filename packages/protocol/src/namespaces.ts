/** The namespaces of RFC 6120. An extension's namespace stands in that extension's own file. */

export const CLIENT_NS = 'jabber:client'
export const STREAMS_NS = 'http://etherx.jabber.org/streams'
export const STREAM_ERRORS_NS = 'urn:ietf:params:xml:ns:xmpp-streams'
export const STANZA_ERRORS_NS = 'urn:ietf:params:xml:ns:xmpp-stanzas'
export const TLS_NS = 'urn:ietf:params:xml:ns:xmpp-tls'
export const SASL_NS = 'urn:ietf:params:xml:ns:xmpp-sasl'
export const BIND_NS = 'urn:ietf:params:xml:ns:xmpp-bind'
export const SESSION_NS = 'urn:ietf:params:xml:ns:xmpp-session'
