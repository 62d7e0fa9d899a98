/** The words of stream negotiation (RFC 6120 §4–§7). */
import { tag } from '@meerkat/xml'
import { BIND_NS, SASL_NS, SESSION_NS, STREAMS_NS, TLS_NS } from './namespaces.ts'

export const StreamHeader = tag(STREAMS_NS, 'stream')
export const StreamFeatures = tag(STREAMS_NS, 'features')
export const StreamErrorTag = tag(STREAMS_NS, 'error')

export const StartTls = tag(TLS_NS, 'starttls')
export const TlsRequired = tag(TLS_NS, 'required')
export const TlsProceed = tag(TLS_NS, 'proceed')
export const TlsFailure = tag(TLS_NS, 'failure')

export const Mechanisms = tag(SASL_NS, 'mechanisms')
export const Mechanism = tag(SASL_NS, 'mechanism')
export const Auth = tag(SASL_NS, 'auth')
export const Challenge = tag(SASL_NS, 'challenge')
export const Response = tag(SASL_NS, 'response')
export const Abort = tag(SASL_NS, 'abort')
export const Success = tag(SASL_NS, 'success')
export const SaslFailure = tag(SASL_NS, 'failure')

/** XEP-0440: the channel-binding types that a server offers. */
export const SaslChannelBinding = tag('urn:xmpp:sasl-cb:0', 'sasl-channel-binding')
export const ChannelBinding = tag('urn:xmpp:sasl-cb:0', 'channel-binding')

export const Bind = tag(BIND_NS, 'bind')
export const BindResource = tag(BIND_NS, 'resource')
export const BindJid = tag(BIND_NS, 'jid')

/** RFC 3921 §3: session establishment, which old clients still ask for. */
export const Session = tag(SESSION_NS, 'session')
