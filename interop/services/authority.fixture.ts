/** A certificate authority for one test file, made with OpenSSL: certificates for a server on this machine and for its client. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Files of a certificate and its key, in PEM. */
export interface Certified {
  readonly cert: string
  readonly key: string
}

/** The authority's certificate, and what it has signed. */
export interface Authority {
  readonly ca: string
  /** For the name `localhost` only. */
  readonly server: Certified
  readonly client: Certified
  /** Makes one for a user with this address (RFC 6120 §13.7.1.4); `who` names its files. */
  user(who: string, address: string): Certified
}

/** Makes an authority in a folder; `name` keeps several in one folder apart. */
export function testAuthority(folder: string, name = 'test'): Authority {
  const at = (file: string): string => join(folder, `${name}-${file}`)
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const request = (who: string, ...args: readonly string[]): Certified => {
    const [key, cert] = [at(`${who}.key`), at(`${who}.pem`)]
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
    openssl('req', '-subj', `/CN=${name} ${who}`, ...curve, '-out', cert, ...args)
    return { key, cert }
  }
  const own = request('ca', '-x509', '-days', '2')
  const signed = (who: string, extensions: string): Certified => {
    const { key, cert } = request(who)
    writeFileSync(at(`${who}.ext`), `basicConstraints=CA:FALSE\n${extensions}\n`)
    const by = ['-CA', own.cert, '-CAkey', own.key, '-days', '2', '-extfile', at(`${who}.ext`)]
    openssl('x509', '-req', '-in', cert, '-out', at(`${who}.crt`), ...by)
    return { key, cert: at(`${who}.crt`) }
  }
  return {
    ca: own.cert,
    server: signed('server', 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost'),
    client: signed('client', 'extendedKeyUsage=clientAuth'),
    user: (who, address) =>
      signed(who, `extendedKeyUsage=clientAuth\nsubjectAltName=otherName:1.3.6.1.5.5.7.8.5;UTF8:${address}`),
  }
}
