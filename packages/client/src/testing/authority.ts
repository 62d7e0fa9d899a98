/** Certificates of users for tests (RFC 6120 §13.7.1.2), good ones and others, by an authority of the test's own. */
import { X509Certificate } from 'node:crypto'
import {
  BASIC_CONSTRAINTS,
  LONG,
  type TestCertificate,
  altNames,
  authorityMark,
  der,
  keyPem,
  nameOf,
  namePart,
  newKeys,
  revocationPem,
  sequence,
  signedPem,
} from './certificate.ts'

/** Object identifiers, encoded. */
const XMPP_ADDR = Buffer.from('06082b06010505070805', 'hex')
const UNIT = Buffer.from('060355040b', 'hex')
const EXT_KEY_USAGE = Buffer.from('0603551d25', 'hex')
const PURPOSES = {
  client: Buffer.from('06082b06010505070302', 'hex'),
  server: Buffer.from('06082b06010505070301', 'hex'),
}
/** 1.2.3.4.5, which nobody knows. */
const UNKNOWN = Buffer.from('06042a030405', 'hex')
const TRUE = Buffer.from('0101ff', 'hex')

/** What stands in a certificate. */
export interface CertificateWishes {
  readonly commonNames?: readonly string[]
  /** The organisational unit. */
  readonly unit?: string
  /** `id-on-xmppAddr`, as written. */
  readonly xmppAddresses?: readonly string[]
  readonly hosts?: readonly string[]
  /** Its time, as `200101000000Z`; from 2020 to 2049 unless given. */
  readonly from?: string
  readonly until?: string
  /** What alone it is for. */
  readonly purpose?: keyof typeof PURPOSES
  /** Whether it has a critical extension that nobody knows. */
  readonly critical?: boolean
}

/** Issues certificates. */
export class TestAuthority {
  /** Its own certificate, in PEM, for those who trust it. */
  readonly cert: string
  readonly #keys = newKeys()
  readonly #name: Buffer

  constructor(name = 'Test authority') {
    this.#name = nameOf([name])
    const { publicKey, privateKey } = this.#keys
    const own = { issuer: this.#name, subject: this.#name, key: publicKey, ...LONG, extensions: [authorityMark()] }
    this.cert = signedPem(own, privateKey)
  }

  /** Makes a certificate and its key. */
  issue(wishes: CertificateWishes): TestCertificate {
    const { publicKey, privateKey } = newKeys()
    const body = { ...bodyOf(wishes), issuer: this.#name, key: publicKey }
    return { key: keyPem(privateKey), cert: signedPem(body, this.#keys.privateKey) }
  }

  /** A list, in PEM, of those of its certificates that hold no longer. */
  revoke(...certificates: readonly TestCertificate[]): string {
    const serials = certificates.map(({ cert }) => Buffer.from(new X509Certificate(cert).serialNumber, 'hex'))
    return revocationPem(this.#name, serials, this.#keys.privateKey)
  }
}

/** A certificate that has signed itself. */
export function ownCertificate(wishes: CertificateWishes): TestCertificate {
  const { publicKey, privateKey } = newKeys()
  const body = bodyOf(wishes)
  return { key: keyPem(privateKey), cert: signedPem({ ...body, issuer: body.subject, key: publicKey }, privateKey) }
}

function bodyOf({ commonNames = [], unit, from = LONG.from, until = LONG.until, ...rest }: CertificateWishes) {
  const { xmppAddresses = [], hosts = [], purpose, critical = false } = rest
  const names = [
    ...xmppAddresses.map((each) => der(0xa0, XMPP_ADDR, der(0xa0, der(0x0c, Buffer.from(each))))),
    ...hosts.map((each) => der(0x82, Buffer.from(each))),
  ]
  const extensions = [
    ...(names.length === 0 ? [] : [altNames(names)]),
    ...(purpose === undefined ? [] : [sequence(EXT_KEY_USAGE, der(0x04, sequence(PURPOSES[purpose])))]),
    ...(critical ? [sequence(UNKNOWN, TRUE, der(0x04, der(0x05)))] : []),
    // RFC 5280 §4.1.2.9 wants at least one; this says that it is no authority.
    sequence(BASIC_CONSTRAINTS, der(0x04, sequence())),
  ]
  const subject = nameOf(commonNames, ...(unit === undefined ? [] : [namePart(UNIT, unit)]))
  return { subject, from, until, extensions }
}
