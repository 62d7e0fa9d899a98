/** TLS settings, the same wherever TLS is spoken. */

import { file, flag, list, noEffect, oneOf, optionalSection, secret, section, text } from '../../settings.ts'

const versions = ['tlsv1', 'tlsv1.1', 'tlsv1.2', 'tlsv1.3'] as const
const verifyModes = ['peer', 'selfsigned_peer', 'none'] as const

const commonSettings = {
  verify_mode: oneOf(
    verifyModes,
    'peer',
    'Whether the other side must have a certificate: one that is trusted, one that may be signed by itself, or none.',
  ),
  certfile: file('The own certificate, and those that lead to its root.'),
  keyfile: file('The private key of the certificate.'),
  cacertfile: file("The trusted roots; those of the operating system when it's not set."),
  password: secret(undefined, 'Opens the private key.'),
  ciphers: text(undefined, 'Cipher suites, as OpenSSL writes them.'),
  versions: list(oneOf(versions), versions.slice(2), 'The versions of TLS that may be spoken.', {
    unique: true,
    nonEmpty: true,
  }),
  crl_files: list(file(), [], 'Lists of revoked certificates.'),
  disconnect_on_failure: flag(true, 'Refuse a connection whose certificate fails; otherwise only note it.'),
}

/** TLS of connections that others make to this server, always from the first byte. */
export const tlsServerSettings = {
  ...commonSettings,
  dhfile: file('Parameters of the Diffie-Hellman key exchange.'),
  early_data: noEffect(flag(false)),
  session_tickets: noEffect(oneOf(['stateless'], undefined, 'Let clients resume TLS sessions; they always may.')),
}

/** TLS of XMPP listeners, which may start later on a stream. */
export const tlsStreamSettings = (mode: 'tls' | 'starttls' | 'starttls_required') => ({
  ...tlsServerSettings,
  mode: oneOf(
    ['tls', 'starttls', 'starttls_required'],
    mode,
    'TLS from the first byte, offered on the stream, or demanded on the stream.',
  ),
  keep_secrets: noEffect(flag(false)),
})

/** TLS of connections that this server makes. */
export const tlsClientSettings = {
  ...commonSettings,
  server_name_indication: section(
    {
      enabled: flag(true, 'Tell the server which name is meant.'),
      host: text(undefined, 'That name; the host of the connection when not set.'),
      protocol: oneOf(['default', 'https'], 'default', 'How names of certificates are compared.'),
    },
    'The name that is asked for.',
  ),
}

/** The section `tls` of an outgoing connection: its presence switches TLS on. */
export const tlsClient = optionalSection(tlsClientSettings, 'Speak TLS.')
