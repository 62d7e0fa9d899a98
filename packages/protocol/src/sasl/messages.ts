/** RFC 5802 §7: the messages of SCRAM, parsed strictly. The parsers throw SaslError; which message was wrong is all they tell. */
import { SaslError } from '../errors.ts'
import { decodeBase64 } from './encoding.ts'
import { parseIterations } from './record.ts'

/** The shortest nonce that is accepted of the other side, in characters. */
export const MIN_NONCE = 8

/** The only type of channel binding that is supported (RFC 9266). */
export const TLS_EXPORTER = 'tls-exporter'

/** What the client says about channel binding: no support, support that the server seems to lack, or the type in use. */
export type BindingFlag = 'n' | 'y' | { readonly type: string }

/** The first message of a client. */
export interface ClientFirst {
  readonly flag: BindingFlag
  readonly authzid: string | undefined
  /** Decoded, not prepared. */
  readonly username: string
  readonly nonce: string
  /** The GS2 header as received, which `c=` must repeat. */
  readonly header: string
  /** client-first-message-bare: what the signatures cover. */
  readonly bare: string
}

/** The last message of a client. */
export interface ClientFinal {
  /** The bytes of `c=`: GS2 header and channel-binding data. */
  readonly binding: Uint8Array
  readonly nonce: string
  readonly proof: Uint8Array
  /** client-final-message-without-proof: what the signatures cover. */
  readonly withoutProof: string
}

/** The first message of a server. */
export interface ServerFirst {
  readonly nonce: string
  readonly salt: Uint8Array
  readonly iterations: number
  /** XEP-0474 §5.1: the digest over what the server offered, undefined when it sends none. */
  readonly offerDigest: string | undefined
}

/** Reads client-first-message. */
export function parseClientFirst(message: string): ClientFirst {
  // No value may contain a comma, so commas only separate (RFC 5802 §5.1).
  const [flag = '', authzid = '', ...bare] = printable(message).split(',')
  const [name, nonce, ...extensions] = bare
  refuseMandatory(bare)
  checkExtensions(extensions)
  const header = `${flag},${authzid},`
  return {
    flag: parseFlag(flag),
    authzid: authzid === '' ? undefined : decodeName(gs2Value(authzid)),
    username: decodeName(value(name, 'n')),
    nonce: parseNonce(value(nonce, 'r')),
    header,
    bare: message.slice(header.length),
  }
}

/** Reads client-final-message. */
export function parseClientFinal(message: string): ClientFinal {
  const parts = printable(message).split(',')
  const proof = parts.pop()
  const [binding, nonce, ...extensions] = parts
  refuseMandatory(parts)
  checkExtensions(extensions)
  return {
    binding: base64Value(binding, 'c'),
    nonce: value(nonce, 'r'),
    proof: base64Value(proof, 'p'),
    withoutProof: parts.join(','),
  }
}

/** Reads server-first-message. */
export function parseServerFirst(message: string): ServerFirst {
  const parts = printable(message).split(',')
  refuseMandatory(parts)
  const [nonce, salt, count, ...extensions] = parts
  checkExtensions(extensions)
  const iterations = parseIterations(value(count, 'i'))
  if (iterations === undefined) throw malformed()
  return {
    nonce: parseNonce(value(nonce, 'r')),
    salt: base64Value(salt, 's'),
    iterations,
    offerDigest: extensions.find((extension) => extension.startsWith('h='))?.slice(2),
  }
}

/** Writes a GS2 header. */
export function formatHeader(flag: BindingFlag, authzid: string | undefined): string {
  const binding = typeof flag === 'string' ? flag : `p=${flag.type}`
  return authzid === undefined ? `${binding},,` : `${binding},a=${encodeName(authzid)},`
}

/** Writes a name as `saslname`: `=` and `,` have another meaning in SCRAM messages. */
export function encodeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C')
}

/** Reads a `saslname`; RFC 5802 §5.1: a `=` that is not `=2C` or `=3D` must fail. */
function decodeName(name: string): string {
  const [start, ...rest] = name.split('=')
  let decoded = start!
  for (const part of rest) {
    if (part.startsWith('2C')) decoded += ','
    else if (part.startsWith('3D')) decoded += '='
    else throw malformed()
    decoded += part.slice(2)
  }
  return decoded
}

/** S31: whatever is wrong with a GS2 header looks the same to the client. */
function parseFlag(flag: string): BindingFlag {
  if (flag === 'n' || flag === 'y') return flag
  if (flag.startsWith('p=') && flag.length > 2) return { type: flag.slice(2) }
  throw new SaslError('not-authorized', 'The GS2 header is wrong.')
}

function gs2Value(part: string): string {
  if (part.startsWith('a=') && part.length > 2) return part.slice(2)
  throw new SaslError('not-authorized', 'The GS2 header is wrong.')
}

function parseNonce(nonce: string): string {
  for (let i = 0; i < nonce.length; i++) {
    const code = nonce.charCodeAt(i)
    if (code < 0x21 || code > 0x7e) throw malformed()
  }
  if (nonce.length < MIN_NONCE) throw new SaslError('not-authorized', 'The nonce is too short.')
  return nonce
}

function value(part: string | undefined, letter: string): string {
  if (part?.startsWith(`${letter}=`) && part.length > 2) return part.slice(2)
  throw malformed()
}

function base64Value(part: string | undefined, letter: string): Buffer {
  const bytes = decodeBase64(value(part, letter))
  if (bytes === undefined) throw malformed()
  return bytes
}

/** RFC 5802 §5.1: `m=` announces an extension that must be understood, and none is. */
function refuseMandatory(parts: readonly string[]): void {
  if (parts.some((part) => part.startsWith('m='))) throw malformed('Mandatory extensions are not supported.')
}

/** Optional extensions are ignored, but must look like attributes. */
function checkExtensions(extensions: readonly string[]): void {
  for (const extension of extensions) if (!isAttribute(extension)) throw malformed()
}

function isAttribute(part: string): boolean {
  const letter = part.charCodeAt(0) | 0x20
  return letter >= 0x61 && letter <= 0x7a && part[1] === '=' && part.length > 2
}

function printable(message: string): string {
  if (message.includes('\0')) throw malformed()
  return message
}

function malformed(text = 'The SCRAM message is malformed.'): SaslError {
  return new SaslError('malformed-request', text)
}
