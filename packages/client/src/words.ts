/** The few words of extensions that a client speaks by itself. */
import { tag } from '@meerkat/xml'

/** XEP-0199. */
export const Ping = tag('urn:xmpp:ping', 'ping')
/** XEP-0077 §3. */
export const Register = tag('jabber:iq:register', 'query')
/** XEP-0077 §3.2. */
export const RegisterRemove = tag('jabber:iq:register', 'remove')
