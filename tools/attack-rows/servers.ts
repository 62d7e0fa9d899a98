import { attack } from './row.ts'

/** What is tried between servers. */
export const serverRows = [
  attack(
    'S38',
    'a certificate of a server or a user whose subject names somebody else, a wildcard too wide, one that has ended or is for another domain, a TLS session that began without',
    'Reads the alternative names alone, from the DER itself, and of users the common name only where `sasl_external` says so; a wildcard stands for one label of a server, and for nothing of a user; looks at the time again when a session is taken up; nobody gets in by a certificate but whom it names.',
  ),
  attack(
    'S71',
    'answers of dialback that nobody has asked for, or about another domain or stream',
    'Makes a domain known only by the answer to its own question; answers on streams of others end those.',
  ),
  attack(
    'S72',
    'dialback keys that stand for two claims, or that can be guessed',
    'Signs receiving domain, originating domain and stream id with spaces between, which domains cannot hold (XEP-0185), by a random secret.',
  ),
  attack(
    'S73',
    'dialback without TLS',
    'Requires TLS in both directions unless the configuration says `starttls`, or has a listener without `tls`, of which a notice tells.',
  ),
  attack(
    'S74',
    'a stanza from a domain that was not shown on this stream',
    'Ends the stream with `invalid-from`; each pair of domains is shown on its own.',
  ),
  attack(
    'S75',
    'no attack: a certificate that is "for servers" alone, as public authorities issue them now',
    'Takes it from another server, too, when chain and name are right; who has no good certificate keeps dialback.',
  ),
  attack('S76', 'no attack: EXTERNAL that is offered and then refused', 'Offers it only to whom it will let in.'),
  attack(
    'S77',
    'names that lead to thousands of targets, to machines inside, or back to this server',
    'Tries 8 targets with 4 addresses each, within time; `deny_private_addresses` keeps names of others out of private networks; our own domains are never dialled.',
  ),
  attack(
    'S78',
    'stanzas for a domain whose server is dead, or does not read',
    'Keeps a bounded line for each domain, returns what waits too long with `remote-server-timeout`, and tries again later and later.',
  ),
]
