/** The settings of `[auth]` and of its methods. */

import {
  file,
  flag,
  integer,
  integerOrInfinity,
  list,
  noEffect,
  oneOf,
  optionalSection,
  required,
  secret,
  section,
  tables,
  text,
} from '../../settings.ts'
import { referenceAuthMethods } from '../reference/parts.ts'

const hashes = ['sha', 'sha224', 'sha256', 'sha384', 'sha512'] as const

/** SASL mechanisms by their names in the configuration. */
const mechanisms = [
  'scram_sha512_plus',
  'scram_sha512',
  'scram_sha384_plus',
  'scram_sha384',
  'scram_sha256_plus',
  'scram_sha256',
  'scram_sha224_plus',
  'scram_sha224',
  'scram_sha1_plus',
  'scram_sha1',
  'plain',
  'anonymous',
  'oauth',
  'external',
  'digest',
] as const

/** Keys of `[auth]` besides the methods. */
export const authSettings = {
  methods: list(oneOf(referenceAuthMethods), [], 'Methods in the order in which they are asked; by name when empty.', {
    unique: true,
  }),
  sasl_mechanisms: list(
    oneOf(mechanisms),
    [],
    'Mechanisms in the order in which they are offered; all but "external" when empty.',
    { unique: true },
  ),
  sasl_external: list(
    oneOf(['standard', 'common_name', 'auth_id']),
    ['standard'],
    'With "external": whose account a certificate opens, the ways being tried in order. That of its XMPP address, that of its common name, or whichever the client asks for.',
    { nonEmpty: true },
  ),
  sasl_external_common_name: section(
    {
      prefix: text('', 'Stands before the common name.'),
      suffix: text('', 'Stands behind the common name.'),
    },
    'How a common name becomes the name of an account.',
  ),
  max_users_per_domain: integerOrInfinity(Infinity, 'How many accounts a domain may have.', { min: 1 }),
  password: section(
    {
      format: oneOf(['scram', 'plain'], 'scram', 'As keys from which no password can be read, or as they are.'),
      hash: list(oneOf(hashes), [...hashes], 'Hashes for which keys are kept.', { unique: true, nonEmpty: true }),
      scram_iterations: integer(10_000, 'How much work deriving a key takes.', { min: 4096 }),
    },
    'How passwords are kept.',
  ),
}

const uids = tables(
  {
    attr: required(text(undefined, 'The attribute that holds the name of the user.')),
    format: text('%u', 'How the name stands there.'),
  },
  'Attributes that hold names of users.',
)

const ldapSettings = {
  pool_tag: text('default', 'The pool for searches.'),
  bind_pool_tag: text('bind', 'The pool for checking passwords.'),
  base: text('', 'Where users are.'),
  uids,
  filter: text('', 'Which entries are users.'),
  dn_filter: optionalSection(
    {
      filter: required(text(undefined, 'The filter of that search.')),
      attributes: list(text(), [], 'Attributes that it asks for.'),
    },
    'A second search by name.',
  ),
  local_filter: optionalSection(
    {
      operation: required(oneOf(['equal', 'notequal'], undefined, 'How values are compared.')),
      attribute: required(text(undefined, 'The attribute that is compared.')),
      values: required(list(text(), [], 'The values that it is compared with.', { nonEmpty: true })),
    },
    'A condition checked here.',
  ),
  deref: oneOf(['never', 'always', 'finding', 'searching'], 'never', 'Whether aliases are followed.'),
}

const jwtAlgorithms = [
  'HS256',
  'RS256',
  'ES256',
  'HS386',
  'RS386',
  'ES386',
  'HS384',
  'RS384',
  'ES384',
  'HS512',
  'RS512',
  'ES512',
] as const

/** `[auth.METHOD]` of all methods. */
export const authMethodSettings = {
  anonymous: {
    allow_multiple_connections: flag(false, 'Let a name be used by several connections.'),
    protocol: oneOf(['sasl_anon', 'login_anon', 'both'], 'sasl_anon', 'How anonymous users log in.'),
    backend: noEffect(oneOf(['mnesia', 'cets'], 'mnesia')),
  },
  dummy: {
    base_time: integer(50, 'The least time an answer takes, in milliseconds.'),
    variance: integer(450, 'The most time added to that, in milliseconds.'),
  },
  external: {
    program: required(text(undefined, 'The program that is asked.')),
    instances: integer(1, 'How many of it run.', { min: 1 }),
  },
  http: { basic_auth: secret(undefined, 'Name and password for the service, as "name:password".') },
  internal: {},
  jwt: {
    secret: section(
      {
        file: file('The file that holds the key.'),
        env: text(undefined, 'The environment variable that holds the key.'),
        value: secret(undefined, 'The key itself.'),
      },
      'Where the key is that tokens are checked with; one of three places.',
    ),
    algorithm: required(oneOf(jwtAlgorithms, undefined, 'How tokens are signed.')),
    username_key: required(text(undefined, 'The claim that holds the name of the user.')),
  },
  ldap: ldapSettings,
  pki: {},
  rdbms: { users_number_estimate: flag(false, 'Count accounts by an estimate.') },
}
