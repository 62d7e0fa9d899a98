/** What `meerkat check` finds about files: certificates and keys, and who else may read what is secret. */
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import process from 'node:process'
import type { Config, Listener } from '../core/config/types.ts'
import { remainingDays } from './certificate-watch.ts'
import { type Finding, note, ok, wrong } from './finding.ts'

const WARN_DAYS = 21

/** Looks at the certificate of a listener: its time, its key, and the domains that clients come for. */
export function checkCertificate({ settings: { tls }, kind, port }: Listener, domains: readonly string[]): Finding[] {
  if (tls?.certfile === undefined || tls.keyfile === undefined) return []
  const { certfile, keyfile, password } = tls
  const where = `the certificate ${certfile} of listen.${kind} on port ${port}`
  const days = remainingDays(certfile, Date.now())
  if (days === -32_768) return [wrong(`${where} cannot be read`, 'it must be PEM, and readable for this user')]
  if (days === -32_767) return [wrong(`${where} is not valid yet`, "set this machine's clock, or wait")]
  if (days < 0) return [wrong(`${where} has ended`, 'renew it')]
  const certificate = new X509Certificate(readFileSync(certfile))
  const time =
    days < WARN_DAYS ? note(`${where} ends in ${days} days: renew it`) : ok(`${where} is valid for ${days} days`)
  return [
    ...checkKey(certificate, certfile, keyfile, password),
    // Others are asked for under names of their own.
    ...(kind === 'c2s' || kind === 's2s' ? checkDomains(certificate, where, kind, domains) : []),
    time,
  ]
}

function checkKey(certificate: X509Certificate, certfile: string, keyfile: string, password?: string): Finding[] {
  try {
    const key = createPrivateKey({
      key: readFileSync(keyfile),
      ...(password !== undefined && { passphrase: password }),
    })
    if (!certificate.checkPrivateKey(key))
      return [wrong(`the key ${keyfile} is not that of ${certfile}`, 'name the files that were made together')]
  } catch {
    const mend = 'it must be PEM, readable for this user, and its password right'
    return [wrong(`the key ${keyfile} cannot be read`, mend)]
  }
  return checkPrivacy(keyfile, `the key ${keyfile}`)
}

/** RFC 6120 §13.7.1.2: clients and other servers compare the certificate with the domain that they have to do with. */
function checkDomains(
  certificate: X509Certificate,
  where: string,
  kind: 'c2s' | 's2s',
  domains: readonly string[],
): Finding[] {
  const who = kind === 'c2s' ? 'clients of that domain refuse it' : 'other servers refuse it'
  return domains
    .filter((domain) => certificate.checkHost(domain) === undefined)
    .map((domain) => note(`${where} is not for ${domain}, and ${who}: get one that names it`))
}

/** Looks whether others may read the configuration's file, when it holds secrets, and the data folder. */
export function checkSecrecy({ file, secrets, general }: Config): Finding[] {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  // Some may stand in files or in the environment.
  const isSecret = secrets.some((secret) => secret !== '' && text.includes(secret))
  return [
    ...(isSecret ? checkPrivacy(file, `${file}, which holds passwords,`) : []),
    ...checkPrivacy(general.data_dir, `the data folder ${general.data_dir}`, 0o077, 'chmod 700'),
  ]
}

function checkPrivacy(file: string, what: string, others = 0o007, mend = 'chmod 600, or 640 for a group'): Finding[] {
  // Windows keeps such rights elsewhere.
  if (process.platform === 'win32' || !existsSync(file) || (statSync(file).mode & others) === 0) return []
  return [note(`${what} can be read by other users of this machine: ${mend}`)]
}
