/** A certificate authority of one test file, which signs what servers show each other. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Files in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** An authority in a folder. */
export class FederationAuthority {
  readonly ca: string
  readonly #folder: string
  readonly #key: string

  constructor(folder: string) {
    this.#folder = folder
    this.ca = join(folder, 'ca.pem')
    this.#key = join(folder, 'ca.key')
    const subject = ['-subj', '/CN=Federation test authority', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']
    openssl('req', '-x509', '-days', '2', ...newKey(this.#key), ...subject, '-out', this.ca)
  }

  /** A certificate for a domain; `usage` is what it may be used for (RFC 5280 §4.2.1.12). */
  issue(domain: string, usage = 'serverAuth,clientAuth'): Certificate {
    const at = (name: string): string => join(this.#folder, `${domain}.${name}`)
    openssl('req', ...newKey(at('key')), '-subj', `/CN=${domain}`, '-out', at('csr'))
    const extensions = [`subjectAltName=DNS:${domain}`, 'basicConstraints=CA:FALSE', `extendedKeyUsage=${usage}`]
    writeFileSync(at('ext'), `${extensions.join('\n')}\n`)
    const by = ['-CA', this.ca, '-CAkey', this.#key, '-CAcreateserial', '-days', '2', '-extfile', at('ext')]
    openssl('x509', '-req', '-in', at('csr'), ...by, '-out', at('crt'))
    return { cert: at('crt'), key: at('key') }
  }
}

const newKey = (file: string): string[] => [
  '-newkey',
  'ec',
  '-pkeyopt',
  'ec_paramgen_curve:prime256v1',
  '-nodes',
  '-keyout',
  file,
]

const openssl = (...args: readonly string[]): void =>
  void execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
