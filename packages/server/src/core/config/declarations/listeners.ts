/**
 * The settings of `[[listen.KIND]]`. A default is MongooseIM's where that is finite and safe; where it is not, as for the
 * size of a stanza, the default is a figure that a server on the open Internet can live with.
 */

import {
  type Setting,
  allLive,
  flag,
  integer,
  integerOrInfinity,
  list,
  live,
  milliseconds,
  noEffect,
  oneOf,
  optionalSection,
  port,
  required,
  seconds,
  secret,
  section,
  text,
} from '../../settings.ts'
import { ipRange } from '../../network.ts'
import { referenceAuthMethods } from '../reference/parts.ts'
import { ipAddress, oneOfNumbers } from './addresses.ts'
import { tlsServerSettings, tlsStreamSettings } from './tls.ts'

/** A network of IP addresses, or one of them. */
const ipNetwork = (): Setting<string | undefined> => {
  const any = text()
  const wants = 'an IP address or a network such as "192.0.2.0/24"'
  const check: typeof any.schema = (context) =>
    any.schema(context).refine((value) => isRange(String(value)), { error: `wants ${wants}` })
  return { ...any, type: wants, schema: check }
}

const commonSettings = {
  port: required(port(undefined, 'The TCP port; 0 lets the operating system choose.')),
  ip_address: ipAddress('The address to listen on; all of them when not set.'),
  ip_version: oneOfNumbers([4, 6], 'The IP version when no address is set.'),
  proto: oneOf(['tcp'], 'tcp', 'The transport.'),
  hibernate_after: noEffect(integerOrInfinity(0)),
}

const streamSettings = {
  ...commonSettings,
  backlog: integer(1024, 'How many connections may wait to be accepted.', { min: 1 }),
  max_connections: live(integerOrInfinity(Infinity, 'How many connections there may be at once.', { min: 1 })),
  max_stanza_size: live(integerOrInfinity(262_144, 'Bytes that a stanza may have once authenticated.', { min: 1 })),
  num_acceptors: noEffect(integer(100, '', { min: 1 })),
  proxy_protocol: notYet(
    flag(false, 'Every connection begins with a PROXY header, version 1 or 2, that tells its origin.'),
  ),
  reuse_port: noEffect(flag(false)),
  shaper: live(text('none', 'The shaper that slows down a client that sends too much.')),
  state_timeout: noEffect(
    milliseconds(5000, 'How long a step up to the session may take; pre_auth.auth_timeout bounds them all.'),
  ),
}

/** Limits that hold until a client has authenticated. */
const preAuthSettings = {
  max_stanza_size: live(integer(8192, 'Bytes that a stanza may have.', { min: 1024 })),
  max_elements: live(integer(32, 'Elements that a stanza may have.', { min: 8 })),
  max_depth: live(integer(8, 'How deep elements may be nested.', { min: 4 })),
  auth_timeout: live(seconds(30, 'How long a client may take to authenticate.')),
  auth_attempts: live(integer(3, 'How often a client may try on one connection.', { min: 1 })),
  max_unauthenticated_per_ip: live(
    integerOrInfinity(100, 'Connections from one address that have not authenticated.', { min: 1 }),
  ),
  max_failures_per_ip: live(
    integerOrInfinity(
      100,
      'Failed logins of one address before it has to wait, one being forgiven every 10 seconds; with "infinity" failures are not even answered later.',
      { min: 1 },
    ),
  ),
}

/** Limits of a stream that has authenticated, besides the size of a stanza. */
const streamLimits = {
  max_elements: live(integer(4096, 'Elements that a stanza may have.', { min: 32 })),
  max_depth: live(integer(64, 'How deep elements may be nested.', { min: 8 })),
  max_attributes: live(integer(256, 'Attributes that an element may have.', { min: 16 })),
  max_queue_bytes: live(integer(1_048_576, 'Bytes that may wait for a client that does not read.', { min: 65_536 })),
  max_queue_stanzas: live(integer(1000, 'Stanzas that may wait for a client that does not read.', { min: 10 })),
}

/** Load balancers before a listener. */
const proxySettings = {
  proxy_protocol: flag(
    false,
    'Every connection begins with a PROXY header, version 1 or 2, that tells its origin; `backlog` bounds how many may wait for theirs.',
  ),
  proxy_trusted: list(
    ipNetwork(),
    ['127.0.0.0/8', '::1', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
    'The addresses and networks of the load balancers; with `proxy_protocol`, connections from elsewhere are closed.',
  ),
}

/** `[[listen.c2s]]`: clients over TCP. */
export const c2sSettings = {
  ...streamSettings,
  ...proxySettings,
  access: live(text('all', 'The access rule that says who may log in here.')),
  allowed_auth_methods: live(
    list(oneOf(referenceAuthMethods), undefined, 'Authentication methods used here; all when empty.', { unique: true }),
  ),
  backwards_compatible_session: live(flag(true, 'Offer the session establishment of RFC 3921.')),
  allow_plain_without_tls: live(flag(false, 'Accept passwords in the clear on connections without TLS.')),
  pre_auth: section(preAuthSettings, 'Limits before authentication.'),
  limits: section(streamLimits, 'Limits after authentication.'),
  tls: optionalSection(allLive(tlsStreamSettings('starttls')), 'Speak TLS.'),
}

const s2sPreAuthSettings = {
  max_stanza_size: live(integer(8192, 'Bytes that an element may have.', { min: 1024 })),
  auth_timeout: live(seconds(30, 'How long a server may take from connecting to its first domain.')),
  max_unauthenticated_per_ip: integerOrInfinity(100, 'Connections from one address that have shown no domain.', {
    min: 1,
  }),
}

const s2sLimits = {
  max_elements: live(integer(4096, 'Elements that a stanza may have.', { min: 32 })),
  max_depth: live(integer(64, 'How deep elements may be nested.', { min: 8 })),
  max_attributes: live(integer(256, 'Attributes that an element may have.', { min: 16 })),
  max_queue_bytes: integer(65_536, 'Bytes of answers that may wait for a server that does not read.', { min: 4096 }),
  idle_timeout: live(seconds(3600, 'How long a server may be silent.', { infinity: true })),
}

/** `[[listen.s2s]]`: other servers. */
export const s2sListenerSettings = {
  ...streamSettings,
  pre_auth: section(s2sPreAuthSettings, 'Limits before a domain is known.'),
  limits: section(s2sLimits, 'Limits after that.'),
  tls: optionalSection(
    {
      ...tlsStreamSettings('starttls_required'),
      disconnect_on_failure: flag(
        false,
        'With `verify_mode = "peer"`: refuse servers whose certificate fails; otherwise they show by dialback who they are.',
      ),
    },
    'Speak TLS.',
  ),
}

const componentPreAuthSettings = {
  max_stanza_size: integer(8192, 'Bytes that an element may have.', { min: 1024 }),
  auth_timeout: seconds(30, 'How long a component may take from connecting to its handshake.'),
  max_unauthenticated_per_ip: integerOrInfinity(100, 'Connections from one address before their handshake.', {
    min: 1,
  }),
  max_failures_per_ip: integerOrInfinity(
    100,
    'Failed handshakes of one address before it has to wait, one being forgiven every 10 seconds.',
    { min: 1 },
  ),
}

const componentLimits = {
  max_elements: live(integer(4096, 'Elements that a stanza may have.', { min: 32 })),
  max_depth: live(integer(64, 'How deep elements may be nested.', { min: 8 })),
  max_attributes: live(integer(256, 'Attributes that an element may have.', { min: 16 })),
  max_queue_bytes: integer(8_388_608, 'Bytes that may wait for a component that does not read; more are refused.', {
    min: 65_536,
  }),
  max_queue_stanzas: integer(10_000, 'Stanzas that may wait for a component that does not read; more are refused.', {
    min: 10,
  }),
}

/** `[[listen.component]]`: components of XEP-0114. */
export const componentSettings = {
  ...streamSettings,
  ...proxySettings,
  password: required(secret(undefined, 'What a component must know.')),
  access: text('all', 'The access rule that says who may send to components.'),
  check_from: flag(true, 'Refuse stanzas whose sender is not under the domain of the component.'),
  conflict_behaviour: oneOf(
    ['disconnect', 'kick_old'],
    'disconnect',
    'Who goes when a component comes for a domain that has one.',
  ),
  hidden_components: flag(false, 'Leave components out of service discovery.'),
  pre_auth: section(componentPreAuthSettings, 'Limits before the handshake.'),
  limits: section(componentLimits, 'Limits after the handshake.'),
  tls: optionalSection(tlsStreamSettings('tls'), 'Speak TLS.'),
}

/** `[[listen.http]]` without its handlers. */
export const httpSettings = {
  ...commonSettings,
  transport: section(
    {
      num_acceptors: noEffect(integer(100, '', { min: 1 })),
      max_connections: integerOrInfinity(1024, 'How many connections there may be at once.'),
    },
    'Limits of connections.',
  ),
  protocol: section({ compress: flag(false, 'Compress answers for clients that can read it.') }, 'How HTTP is spoken.'),
  tls: optionalSection(allLive(tlsServerSettings), 'Speak TLS.'),
}

/** All kinds of listeners. */
export const listenerSettings = {
  c2s: c2sSettings,
  s2s: s2sListenerSettings,
  component: componentSettings,
  http: httpSettings,
}

function isRange(text: string): boolean {
  try {
    ipRange(text)
    return true
  } catch {
    return false
  }
}

/** A switch of MongooseIM that this server cannot turn on yet: leaving it off is fine. */
function notYet(setting: Setting<boolean>): Setting<boolean> {
  const schema: typeof setting.schema = (context) =>
    setting
      .schema(context)
      .refine((value) => value === false, { error: 'is not built into this server yet: remove it' })
  return { ...setting, schema }
}
