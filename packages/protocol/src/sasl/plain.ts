/** RFC 4616: the PLAIN mechanism's one message. */
import { SaslError } from '../errors.ts'
import { messageText } from './encoding.ts'

/** What a client says with PLAIN; nothing is prepared yet. */
export interface PlainMessage {
  readonly authzid: string | undefined
  readonly username: string
  readonly password: string
}

/** Reads a PLAIN message; throws `malformed-request` when it is not one. */
export function parsePlain(message: Uint8Array): PlainMessage {
  const [authzid, username, password, ...more] = messageText(message).split('\0')
  if (!username || !password || more.length > 0)
    throw new SaslError('malformed-request', 'The PLAIN message is malformed.')
  return { authzid: authzid === '' ? undefined : authzid, username, password }
}

/** Writes a PLAIN message. */
export function formatPlain({ authzid, username, password }: PlainMessage): Uint8Array {
  return Buffer.from(`${authzid ?? ''}\0${username}\0${password}`)
}
