/** Certificates of listeners: those configured, read again when their files change, or one made for development. */
import { X509Certificate, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type SecureContext, type SecureContextOptions, createSecureContext } from 'node:tls'
import type { Clock } from '../core/clock.ts'

/** Where a listener's certificate is, and what else its TLS needs; paths are absolute. */
export interface TlsFiles {
  readonly certfile: string
  readonly keyfile: string
  readonly cacertfile?: string | undefined
  readonly password?: string | undefined
  readonly ciphers?: string | undefined
  readonly dhfile?: string | undefined
  readonly crl_files?: readonly (string | undefined)[] | undefined
  readonly versions: readonly string[]
}

/** A section `tls` of a listener. */
export type TlsSection = { readonly [K in keyof TlsFiles]?: TlsFiles[K] | undefined } & Pick<TlsFiles, 'versions'>

/** The secure context of a section; the certificate for development serves where none is named. */
export function tlsContext(section: TlsSection, development: TlsFiles, clock: Clock): () => SecureContext {
  const { certfile, keyfile } = section
  const own = certfile !== undefined && keyfile !== undefined ? { certfile, keyfile } : development
  return contextOf({ ...section, certfile: own.certfile, keyfile: own.keyfile }, () => clock.monotonic())
}

/** How often the files of a certificate are looked at, in milliseconds. */
const LOOK_MS = 5000

/** Gives the secure context of the present files; S43: a replaced certificate is used by new handshakes, without a restart. */
export function contextOf(files: TlsFiles, now: () => number): () => SecureContext {
  let seen = stamp(files)
  let context = firstContext(files)
  let looked = now()
  return () => {
    if (now() - looked < LOOK_MS) return context
    looked = now()
    try {
      const present = stamp(files)
      if (present === seen) return context
      context = createContext(files)
      seen = present
    } catch {
      // Files that are half-written, or gone for a moment: the old certificate serves until the new one can be read.
    }
    return context
  }
}

function stamp({ certfile, keyfile, cacertfile, dhfile, crl_files: lists = [] }: TlsFiles): string {
  return [certfile, keyfile, cacertfile, dhfile, ...lists]
    .map((file) => (file !== undefined && existsSync(file) ? statSync(file).mtimeMs : 0))
    .join(' ')
}

/** OpenSSL says what is wrong, but not with which file. */
function firstContext(files: TlsFiles): SecureContext {
  try {
    return createContext(files)
  } catch (error) {
    const what = [files.certfile, files.keyfile, files.cacertfile, files.dhfile, ...(files.crl_files ?? [])]
    const named = what.filter((file) => file !== undefined).join(', ')
    throw new Error(`TLS cannot be spoken with ${named}: ${String(error)}`, { cause: error })
  }
}

function createContext(files: TlsFiles): SecureContext {
  const options: SecureContextOptions = {
    cert: readFileSync(files.certfile),
    key: readFileSync(files.keyfile),
    minVersion: files.versions.includes('tlsv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: files.versions.includes('tlsv1.3') ? 'TLSv1.3' : 'TLSv1.2',
    // Without one, OpenSSL breaks the handshake of whoever takes up a session where certificates are asked for. Tickets are sealed with keys of
    // this context alone, so that a session ends with its certificate, its list of revoked ones and its roots.
    sessionIdContext: randomBytes(16).toString('hex'),
  }
  if (files.cacertfile !== undefined) options.ca = readFileSync(files.cacertfile)
  if (files.dhfile !== undefined) options.dhparam = readFileSync(files.dhfile)
  const lists = (files.crl_files ?? []).filter((file) => file !== undefined)
  if (lists.length > 0) options.crl = lists.map((file) => readFileSync(file))
  if (files.password !== undefined) options.passphrase = files.password
  if (files.ciphers !== undefined) options.ciphers = files.ciphers
  return createSecureContext(options)
}

/** A day in milliseconds. */
const DAY = 86_400_000
const VALID_DAYS = 365

/** A certificate for development, signed by itself, for the given domains; made in the data folder when there is none that fits. */
export async function developmentCertificate(folder: string, domains: readonly string[]): Promise<TlsFiles> {
  const certfile = join(folder, 'development-cert.pem')
  const keyfile = join(folder, 'development-key.pem')
  const files = { certfile, keyfile, versions: ['tlsv1.2', 'tlsv1.3'] }
  if (existsSync(certfile) && existsSync(keyfile) && fits(readFileSync(certfile), domains)) return files
  mkdirSync(folder, { recursive: true })
  const { generate } = await import('selfsigned')
  const made = await generate([{ name: 'commonName', value: domains[0] ?? 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + VALID_DAYS * DAY),
    extensions: [{ name: 'subjectAltName', altNames: domains.map((value) => ({ type: 2, value })) }],
  })
  writeFileSync(keyfile, made.private, { mode: 0o600 })
  writeFileSync(certfile, made.cert)
  return files
}

function fits(pem: Buffer, domains: readonly string[]): boolean {
  const certificate = new X509Certificate(pem)
  return (
    Date.parse(certificate.validTo) > Date.now() + DAY &&
    domains.every((domain) => certificate.checkHost(domain) !== undefined)
  )
}
