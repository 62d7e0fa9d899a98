import { attack } from './row.ts'

/** What is tried by somebody who has logged in. */
export const sessionRows = [
  attack(
    'S45',
    'a stanza from somebody else, another device or another domain',
    'Stamps the own full address; any other `from` ends the stream with `invalid-from` (decision 7).',
  ),
  attack(
    'S46',
    'two sessions of one full address',
    'Ends the older one with `conflict`; what was on its way to the address reaches the newer one.',
  ),
  attack(
    'S47',
    'hundreds of sessions of one account',
    'Ends the oldest one with `conflict` when there are more than `max_user_sessions`.',
  ),
  attack(
    'S48',
    "resuming somebody else's session, or a guessed one",
    'Answers `item-not-found`; ids are random and belong to one account.',
  ),
  attack(
    'S49',
    'acknowledging more than was sent, a negative number, no number; counts that go round at 2^32',
    'Reads only unsigned 32-bit numbers and counts round; a count that is too high ends the stream.',
  ),
  attack(
    'S50',
    'a client that never acknowledges',
    'Gives it some seconds, then closes its connection; what was not acknowledged goes into storage, all of it.',
  ),
  attack(
    'S51',
    'two connections that resume one session at once',
    'One gets it, the other is closed; no message is lost, or comes twice on one connection.',
  ),
  attack(
    'S52',
    'a client that does not read while it is flooded',
    'Ends its session at `limits.max_queue_bytes` or `max_queue_stanzas`; others are served, memory has a ceiling.',
  ),
  attack(
    'S53',
    'a client that sends without a pause',
    'Reads from it only as fast as its shaper and the store allow; nobody else waits.',
  ),
  attack(
    'S54',
    'a message dressed up as a carbon copy',
    'Delivers and archives it as the plain message that it is; a copy counts only from the own account.',
  ),
  attack(
    'S55',
    'copies of private messages, of messages to rooms, of errors; very many copies',
    'Follows the rules of XEP-0280; copies count against the limits.',
    'messages to rooms',
  ),
  attack(
    'S56',
    "a roster push to another user's client",
    'Never passes it on; pushes of the server are from the own account.',
  ),
  attack(
    'S57',
    'rosters without an end, names of a megabyte, floods of requests, presence to everybody',
    'Limits items, groups, names and requests; presence costs work for those contacts only who are connected.',
  ),
  attack(
    'S58',
    'answers that nobody asked for, requests with no child or two, the same id twice',
    'Drops the answers, answers `bad-request` to the requests; waiting requests are bounded and time out.',
  ),
  attack(
    'S59',
    'errors in answer to errors',
    'Never answers an error or a result; what came from another server is never sent on to a third.',
  ),
  attack(
    'S60',
    'ids, delays and the like that claim to be from the server',
    'Removes every `stanza-id` that claims to be from the recipient and puts the own one in its place.',
    'occupant ids of rooms',
  ),
  attack(
    'S61',
    "reading somebody else's archive; huge pages, wrong ids, reversed ranges",
    'Answers `forbidden`, a page of at most `max_result_limit`, `item-not-found`, nothing; reads along an index.',
    'archives of rooms',
  ),
  attack(
    'S63',
    'features that another client does not have, under the hash of its software; floods of answers',
    'Keeps for all only what the hash stands for and nothing else could; asks one client for a hash, and takes asked answers only.',
  ),
  attack(
    'S64',
    'nodes of others: reading past the access model, publishing, configuring, deleting; items and nodes without bounds; requests without a node',
    'Judges every request and every notification by affiliation and access model; limits items, nodes, subscribers and names.',
  ),
  attack(
    'S67',
    'addresses in other letters: case, width, direction, joiners, parts that are too long, newer Unicode',
    'Prepares every address by the one profile of RFC 6122 wherever it comes from; what cannot be is `jid-malformed`.',
  ),
  attack(
    'S68',
    'a blocked user who tries another way',
    'Refuses the rest as if nobody were there, and drops presence; archives, carbons, mailboxes and rosters get nothing of it.',
    'real addresses behind occupants of rooms, and push',
  ),
  attack(
    'S70',
    'a component that speaks for others, guesses the secret, or comes for a domain that is taken',
    'Takes from a component only what comes from its own domain; compares proofs in constant time; a taken domain is a `conflict`.',
    'permissions to act for users (XEP-0356)',
  ),
]
