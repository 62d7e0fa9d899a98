/** Certificates for test servers, made in memory (RFC 5280 §4.1), so that no key lies in a repository and none expires. */
import { type KeyObject, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

/** A key and a certificate in PEM, as `tls.createServer` takes them; the certificate is its own authority. */
export interface TestCertificate {
  readonly key: string
  readonly cert: string
}

/** Object identifiers, encoded. */
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex')
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex')
/** The extension that tells authorities from others. */
export const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex')
const TRUE = Buffer.from('0101ff', 'hex')

/** What is signed, in DER. */
interface CertificateBody {
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly key: KeyObject
  /** As `200101000000Z`. */
  readonly from: string
  readonly until: string
  readonly extensions: readonly Buffer[]
}

/** Makes a certificate for these host names and IPv4 addresses, with a P-256 key, good from 2020 to 2049. */
export function selfSigned(...names: readonly [string, ...string[]]): TestCertificate {
  const { privateKey, publicKey } = newKeys()
  const name = nameOf([names[0]])
  const all = names.map((each) =>
    isIPv4(each) ? der(0x87, Buffer.from(each.split('.').map(Number))) : der(0x82, Buffer.from(each)),
  )
  const extensions = [altNames(all), authorityMark()]
  const body = { issuer: name, subject: name, key: publicKey, ...LONG, extensions }
  return { key: keyPem(privateKey), cert: signedPem(body, privateKey) }
}

/** A long time around now. */
export const LONG = { from: '200101000000Z', until: '491231235959Z' }

/** A P-256 key. */
export const newKeys = (): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** A private key as `tls` takes it. */
export const keyPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

/** A certificate with that content, signed. */
export function signedPem({ issuer, subject, key, from, until, extensions }: CertificateBody, by: KeyObject): string {
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    sequence(ECDSA_WITH_SHA256),
    issuer,
    sequence(time(from), time(until)),
    subject,
    key.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  return pem('CERTIFICATE', signed(body, by))
}

/** A list of revoked certificates by their serial numbers (RFC 5280 §5.1), signed. */
export function revocationPem(issuer: Buffer, serials: readonly Buffer[], by: KeyObject): string {
  const entries = serials.map((serial) => sequence(der(0x02, serial), time(LONG.from)))
  const revoked = entries.length === 0 ? [] : [sequence(...entries)]
  const version = der(0x02, Buffer.from([1]))
  const times = [time(LONG.from), time(LONG.until)]
  return pem('X509 CRL', signed(sequence(version, sequence(ECDSA_WITH_SHA256), issuer, ...times, ...revoked), by))
}

function signed(body: Buffer, by: KeyObject): Buffer {
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, by))
  return sequence(body, sequence(ECDSA_WITH_SHA256), signature)
}

/** A distinguished name of common names, behind other parts if there are any. */
export function nameOf(commonNames: readonly string[], ...before: readonly Buffer[]): Buffer {
  return sequence(...before, ...commonNames.map((each) => namePart(COMMON_NAME, each)))
}

/** A part of a distinguished name; `type` is its identifier, encoded. */
export const namePart = (type: Buffer, value: string): Buffer =>
  der(0x31, sequence(type, der(0x0c, Buffer.from(value))))

/** RFC 5280 §4.2.1.6. */
export const altNames = (names: readonly Buffer[]): Buffer => sequence(SUBJECT_ALT_NAME, der(0x04, sequence(...names)))

/** RFC 5280 §4.2.1.9: this one may issue others. */
export const authorityMark = (): Buffer => sequence(BASIC_CONSTRAINTS, TRUE, der(0x04, sequence(TRUE)))

function time(text: string): Buffer {
  return der(0x17, Buffer.from(text))
}

/** A sequence of values. */
export function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts)
}

/** One value in distinguished encoding: tag, length, content. */
export function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}

function pem(what: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${what}-----\n${lines.join('\n')}\n-----END ${what}-----\n`
}
