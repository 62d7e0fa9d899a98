import { attack } from './row.ts'

/** What is tried with XML and with streams, mostly before anybody has logged in. */
export const streamRows = [
  attack(
    'S1',
    'a document type declaration before or inside a stream',
    'Ends the stream with `restricted-xml`; nothing is declared or expanded (RFC 6120 §11.1).',
  ),
  attack(
    'S2',
    'entities other than the five of XML, also nested ones that grow',
    'Ends the stream with `restricted-xml`; no entity is ever kept, so none can grow.',
  ),
  attack(
    'S3',
    'external entities and DTDs that name a file or an address',
    'As S1; no file is opened and no address is asked.',
  ),
  attack(
    'S4',
    'comments and processing instructions inside a stream',
    'Ends the stream with `restricted-xml`; they are never dropped silently, which would join or split text.',
  ),
  attack(
    'S5',
    'a stanza or stream header without an end, before login, fast or byte by byte',
    'Ends the stream with `policy-violation` at `pre_auth.max_stanza_size` bytes read (8 KiB); memory has a ceiling.',
  ),
  attack(
    'S6',
    'the same after login',
    'Ends the stream with `policy-violation` at `max_stanza_size` bytes; memory has a ceiling.',
  ),
  attack(
    'S7',
    'thousands of tiny elements, attributes or namespaces in few bytes',
    'Ends the stream with `policy-violation`: elements and attributes are counted, before login 32 elements a stanza.',
  ),
  attack(
    'S8',
    'ten thousand elements in each other',
    'Ends the stream with `policy-violation`; reading and printing need no call stack that grows with the depth.',
  ),
  attack(
    'S9',
    'many connections that never log in',
    'Counts them for each address, also over WebSocket and BOSH, and refuses more than `pre_auth.max_unauthenticated_per_ip`; all memory comes back.',
  ),
  attack(
    'S10',
    'a slow stream header, login or TLS handshake',
    'Ends it with `connection-timeout` after `pre_auth.auth_timeout`, whatever the client does meanwhile.',
  ),
  attack(
    'S11',
    'bytes that are no UTF-8, overlong forms, surrogates, U+0000, noncharacters',
    'Ends the stream with `not-well-formed` or `bad-format`; the same characters are refused when we print.',
  ),
  attack(
    'S12',
    'unbound prefixes, tricks with prefixes and separators, another meaning for `stream:`',
    'Refuses them; what is sent on is printed from the tree, never copied from the bytes that came.',
  ),
  attack(
    'S13',
    'a stanza that another parser would read in another way',
    'Prints every stanza in one plain form; random trees and damaged bytes are compared with a second parser.',
  ),
  attack(
    'S14',
    '`__proto__`, `constructor` and the like as names of elements, attributes, form fields and JSON keys',
    'Treats them as names like any other; nothing is looked up by a name from outside in an object with a prototype.',
  ),
  attack(
    'S15',
    'texts that make a regular expression or a parser slow',
    'Reads in time linear in the bytes; no regular expression of the server repeats within a repetition.',
  ),
  attack(
    'S16',
    'another `to` when the stream is opened again after TLS or login',
    'Ends the stream; who has logged in on one domain never gets a session of another.',
  ),
  attack(
    'S17',
    'an unknown or missing `to`, a wrong namespace or version',
    'Answers the stream error of RFC 6120 §4.9 and tells no list of domains.',
  ),
  attack(
    'S18',
    'a stanza before login, or before a resource is bound',
    'Ends the stream with `not-authorized`; nobody gets the stanza.',
  ),
  attack(
    'S19',
    'stream compression (XEP-0138) and compressed bombs',
    'Does not have it: it is never offered, and who asks for it gets a stream error.',
  ),
  attack(
    'S20',
    'text in the clear behind `<starttls/>`, in the same packet or after `<proceed/>`',
    'Drops it and ends the connection: nothing from before TLS is read as if it had come through TLS.',
  ),
  attack(
    'S21',
    'old versions of TLS, and a flood of renegotiations',
    'Speaks TLS 1.2 and 1.3, and never negotiates again on a connection.',
  ),
  attack(
    'S22',
    'WebSocket frames with several stanzas, half of one, no namespace; huge or unmasked frames; another subprotocol',
    'Closes the connection as RFC 7395 says; a frame beyond the limit is never buffered.',
  ),
  attack(
    'S23',
    'a WebSocket opened by a page of another site',
    'Takes only origins of the allow-list; nobody is logged in by a cookie.',
  ),
  attack(
    'S24',
    'BOSH: a wrong or repeated rid, a wrong key, a body beyond the limit, a guessed sid',
    'Answers the errors of XEP-0124; a sid has 128 random bits.',
  ),
  attack(
    'S25',
    'a PROXY header from an address that is no load balancer, or a malformed one',
    'Believes it only from the networks of `proxy_trusted` and closes any other connection, as one whose header is malformed or late. A listener without `proxy_protocol` takes it for bytes that are no XML.',
  ),
]
