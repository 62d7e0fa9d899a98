import { attack } from './row.ts'

/** What is tried with TLS, logins and accounts. */
export const loginRows = [
  attack(
    'S26',
    'a password in the clear without TLS',
    'Offers PLAIN only under TLS, unless the listener says `allow_plain_without_tls`, and refuses it otherwise.',
  ),
  attack(
    'S27',
    'a way around `starttls_required`',
    'Offers and takes nothing but STARTTLS in the clear: no login, no registration, no handshake of a component.',
  ),
  attack(
    'S28',
    'a login that asks to act as somebody else',
    'Answers `invalid-authzid`; the address of the session is made of the name that was proved.',
  ),
  attack(
    'S29',
    'somebody in the middle who removes the stronger mechanisms from the offer',
    'Refuses a client that could bind the channel and was shown no -PLUS, and signs the offer (XEP-0474).',
  ),
  attack(
    'S30',
    'a weaker channel binding by way of an older TLS',
    'Binds by `tls-exporter` only, to this very channel.',
  ),
  attack(
    'S31',
    'SCRAM with reused or short nonces, wrong headers, cut proofs',
    'Answers `not-authorized` or `malformed-request`; nothing throws.',
  ),
  attack(
    'S32',
    'finding out which accounts exist by logging in',
    'Answers for unknown names with a salt of their own, the same after a restart and on every node, and in the same words; proofs are compared in constant time.',
  ),
  attack(
    'S36',
    'guessing passwords, from one address or many',
    'Answers failures later and later, for the account and for the network, and at the API; who fails too often may not try for a while; the owner gets in.',
  ),
  attack(
    'S37',
    'passwords of a megabyte, and floods of logins that cost computing time',
    'Refuses what is too long before anything is computed; keys are derived off the event loop, a few at a time.',
  ),
  attack(
    'S42',
    'an account that is deleted and made again under the same name',
    'Deletes what belonged to the old one, in every table, also of modules that are switched off and after a crash; nobody gets the name before that is done.',
    'affiliations in rooms, tokens: rooms and tokens are not there',
  ),
  attack(
    'S43',
    'a certificate that is replaced on disk, or ends',
    'Uses the new one for new handshakes without a restart, and takes no session of before up again; the days left are a metric, and a warning from 21 days on.',
  ),
  attack(
    'S44',
    'a flood of registrations',
    'Registers nobody unless `mod_register` runs; then one account for each network in `registration_timeout`, and so many failures.',
    'invitations and captchas',
  ),
]
