/** The settings of `[s2s]`: with whom this server speaks, and how it connects to others. */

import {
  domain,
  flag,
  integer,
  integerOrInfinity,
  list,
  milliseconds,
  noEffect,
  oneOf,
  port,
  required,
  seconds,
  secret,
  section,
  tables,
  text,
} from '../../settings.ts'
import { ipAddress, oneOfNumbers } from './addresses.ts'
import { tlsClientSettings } from './tls.ts'

const policies = ['allow', 'deny'] as const

const addressSettings = {
  host: required(domain(undefined, 'The domain.')),
  ip_address: required(ipAddress('The address of its server.')),
  port: port(undefined, 'Its port; the one of `outgoing` when not set.'),
  tls: flag(false, 'The server there speaks TLS from the first byte.'),
}

const dnsSettings = {
  timeout: seconds(10, 'How long a name server is waited for.'),
  retries: integer(2, 'How often it is asked.', { min: 1 }),
  servers: list(text(), [], 'Name servers, as "address" or "address:port"; those of the system when empty.'),
}

const outgoingTlsSettings = {
  ...tlsClientSettings,
  mode: oneOf(
    ['tls', 'starttls', 'starttls_required'],
    'starttls_required',
    'TLS from the first byte, where the other server offers it, or a connection with TLS or none.',
  ),
  keep_secrets: noEffect(flag(false)),
}

const outgoingSettings = {
  port: port(5269, 'The port of servers that DNS names none for.'),
  address: tables(addressSettings, 'Servers that are not looked for in DNS.'),
  ip_versions: list(oneOfNumbers([4, 6], 'A version.'), [4, 6], 'The versions of IP, the better one first.', {
    unique: true,
    nonEmpty: true,
  }),
  deny_private_addresses: flag(
    false,
    'Do not connect where DNS names loopback, private and link-local addresses; written ones may be such.',
  ),
  connection_timeout: milliseconds(10_000, 'How long a connection may take.', { infinity: true }),
  dns: section(dnsSettings, 'How names are looked up.'),
  max_retry_delay: seconds(300, 'How long, at most, nobody tries a server that could not be reached.'),
  max_stanza_size: noEffect(integerOrInfinity(Infinity, '', { min: 1 })),
  shaper: text('none', 'The shaper for what is sent to each domain.'),
  state_timeout: milliseconds(5000, 'How long the other server may take for a step up to the first stanza.'),
  stream_timeout: milliseconds(600_000, 'How long a connection may lie idle.', { infinity: true }),
  max_queue_bytes: integer(1_048_576, 'Bytes that may wait for a domain.', { min: 65_536 }),
  max_queue_stanzas: integer(1000, 'Stanzas that may wait for a domain.', { min: 10 }),
  queue_timeout: seconds(60, 'How long a stanza may wait for a domain before its sender is told.'),
  tls: section(outgoingTlsSettings, 'TLS with other servers, which is always spoken where it can be.'),
}

const streamManagementSettings = {
  enabled: flag(true, 'Acknowledge stanzas to other servers that ask, and ask those that offer it.'),
  buffer_max: integer(5000, 'Stanzas for a domain that may wait for an acknowledgement.', { min: 1 }),
  buffer_bytes: integer(4_194_304, 'Their bytes.', { min: 65_536 }),
  ack_freq: integer(64, 'Behind how many stanzas the other server is asked; behind fewer it is asked after a second.', {
    min: 1,
  }),
  ack_timeout: seconds(60, 'How long the other server may take to answer; then another connection is made.', {
    infinity: true,
  }),
}

/** `[s2s]`. */
export const s2sSettings = {
  default_policy: oneOf(policies, 'allow', 'Whether servers that `host_policy` does not name are spoken with.'),
  host_policy: tables(
    {
      host: required(domain(undefined, 'A domain.')),
      policy: required(oneOf(policies, undefined, 'What holds for it.')),
    },
    'Policies of single domains.',
  ),
  shared: secret(undefined, 'The secret of dialback; one that the server makes for itself when not set.'),
  outgoing: section(outgoingSettings, 'Connections to other servers.'),
  stream_management: section(streamManagementSettings, 'Acknowledgements between servers (XEP-0198).'),
}
