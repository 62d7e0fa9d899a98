/** The section `tls` of an outgoing connection, as Node wants it. */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions, SecureVersion, TLSSocket } from 'node:tls'
import type { Value } from '../core/settings.ts'
import type { tlsClient } from '../core/config/declarations/tls.ts'

/** The section, once read. */
export type TlsClient = NonNullable<Value<typeof tlsClient>>

const VERSIONS: Readonly<Record<string, SecureVersion>> = {
  tlsv1: 'TLSv1',
  'tlsv1.1': 'TLSv1.1',
  'tlsv1.2': 'TLSv1.2',
  'tlsv1.3': 'TLSv1.3',
}

/** The options for `tls.connect`; reads the files that the section names, and throws when it cannot. */
export function tlsClientOptions(tls: TlsClient): ConnectionOptions {
  const versions = tls.versions.map((version) => VERSIONS[version]!).toSorted()
  const { host } = tls.server_name_indication
  return {
    rejectUnauthorized: tls.verify_mode === 'peer' && tls.disconnect_on_failure,
    minVersion: versions[0]!,
    maxVersion: versions.at(-1)!,
    ...(tls.certfile !== undefined && { cert: readFileSync(tls.certfile) }),
    ...(tls.keyfile !== undefined && { key: readFileSync(tls.keyfile) }),
    ...(tls.cacertfile !== undefined && { ca: readFileSync(tls.cacertfile) }),
    ...(tls.password !== undefined && { passphrase: tls.password }),
    ...(tls.ciphers !== undefined && { ciphers: tls.ciphers }),
    ...(tls.crl_files.length > 0 && { crl: tls.crl_files.map((name) => readFileSync(name)) }),
    ...(host !== undefined && { servername: host }),
  }
}

/** Names of the faults of a certificate that nobody but its owner has signed. */
const SELF_SIGNED = new Set(['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN'])

/** What is wrong with the other side's certificate as far as `tls.connect` did not refuse it; undefined when nothing is. */
export function certificateFault(tls: TlsClient, socket: TLSSocket): string | undefined {
  if (tls.verify_mode !== 'selfsigned_peer' || !tls.disconnect_on_failure || socket.authorized) return undefined
  // Node gives the code of the fault, though its type says Error.
  const fault = String(socket.authorizationError)
  return SELF_SIGNED.has(fault) ? undefined : fault
}
