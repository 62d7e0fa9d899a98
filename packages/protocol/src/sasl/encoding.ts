/** Bytes and text as SASL messages carry them: strict base64, strict UTF-8, bounded length. */
import { isUtf8 } from 'node:buffer'
import { SaslError } from '../errors.ts'

/** The longest message that either side reads, in bytes: room for a token as PLAIN password, far below what could hurt. */
export const MAX_MESSAGE = 8192

/** Decodes base64 (RFC 4648 §4) with padding and nothing else in it; undefined when `text` is anything else. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  // Node skips what it cannot read and accepts the URL alphabet; only the one correct spelling survives the way back.
  return bytes.toString('base64') === text ? bytes : undefined
}

/** The text of a message; throws `malformed-request` when it is too long, not UTF-8 or empty. */
export function messageText(message: Uint8Array): string {
  if (message.length > MAX_MESSAGE) throw new SaslError('malformed-request', 'The message is too long.')
  if (message.length === 0 || !isUtf8(message))
    throw new SaslError('malformed-request', 'The message is not UTF-8 text.')
  return Buffer.from(message.buffer, message.byteOffset, message.length).toString('utf8')
}
