/** XEP-0352 1.0.0: Client State Indication. */
import { tag } from '@meerkat/xml'

const NS = 'urn:xmpp:csi:0'

/** The stream feature. */
export const ClientState = tag(NS, 'csi')
/** The user looks at the client. */
export const CsiActive = tag(NS, 'active')
/** Nobody looks at the client. */
export const CsiInactive = tag(NS, 'inactive')
