/** A MongooseIM's database, with the tables that are copied, and people in it. */
import { type ScramHash, formatMultiScram, scramHashes, scramKeys } from '@meerkat/protocol/sasl'
import { type TestDatabase, SERVER, makeDatabase } from '../../storage/testing/postgres.ts'

const TABLES = `
CREATE TABLE users (username varchar(250), server varchar(250), "password" text NOT NULL, pass_details text,
  created_at timestamp NOT NULL DEFAULT now(), PRIMARY KEY (server, username));
CREATE TABLE rosterusers (server varchar(250) NOT NULL, username varchar(250) NOT NULL, jid text NOT NULL, nick text NOT NULL,
  subscription character(1) NOT NULL, ask character(1) NOT NULL, askmessage text NOT NULL,
  created_at timestamp NOT NULL DEFAULT now(), PRIMARY KEY (server, username, jid));
CREATE TABLE rostergroups (server varchar(250) NOT NULL, username varchar(250) NOT NULL, jid text NOT NULL, grp text NOT NULL,
  PRIMARY KEY (server, username, jid, grp));
CREATE TABLE roster_version (server varchar(250), username varchar(250), version text NOT NULL, PRIMARY KEY (server, username));
CREATE TABLE vcard (username varchar(150), server varchar(100), vcard text NOT NULL, created_at timestamp NOT NULL DEFAULT now(),
  PRIMARY KEY (server, username));
CREATE TABLE private_storage (server varchar(250) NOT NULL, username varchar(250) NOT NULL, namespace varchar(250) NOT NULL,
  data text NOT NULL, created_at timestamp NOT NULL DEFAULT now(), PRIMARY KEY (server, username, namespace));
CREATE TABLE last (server varchar(250), username varchar(250), seconds integer NOT NULL, state text NOT NULL, PRIMARY KEY (server, username));
CREATE TABLE privacy_default_list (server varchar(250), username varchar(250), name text NOT NULL, PRIMARY KEY (server, username));
CREATE TABLE privacy_list (server varchar(250) NOT NULL, username varchar(250), name text NOT NULL, id serial UNIQUE,
  created_at timestamp NOT NULL DEFAULT now(), PRIMARY KEY (server, username, name));
CREATE TABLE privacy_list_data (id bigint REFERENCES privacy_list(id) ON DELETE CASCADE, t character(1) NOT NULL, value text NOT NULL,
  action character(1) NOT NULL, ord numeric NOT NULL, match_all boolean NOT NULL, match_iq boolean NOT NULL, match_message boolean NOT NULL,
  match_presence_in boolean NOT NULL, match_presence_out boolean NOT NULL, PRIMARY KEY (id, ord));
CREATE TABLE offline_message (id serial UNIQUE PRIMARY KEY, timestamp bigint NOT NULL, expire bigint, server varchar(250) NOT NULL,
  username varchar(250) NOT NULL, from_jid varchar(250) NOT NULL, packet text NOT NULL, permanent_fields bytea)`

/** MongooseIM's text of a password's keys. */
export async function passDetails(password: string, hashes: readonly ScramHash[] = scramHashes): Promise<string> {
  const record = new Map()
  for (const hash of hashes) record.set(hash, await scramKeys(password, hash, Buffer.from('0123456789abcdef'), 4096))
  return formatMultiScram(record)
}

/** The old form: of SHA-1 alone. */
async function legacyDetails(password: string): Promise<string> {
  const { salt, storedKey, serverKey, iterations } = await scramKeys(password, 'sha1', Buffer.from('salt'), 4096)
  const [stored, server, salted] = [storedKey, serverKey, salt].map((bytes) => Buffer.from(bytes).toString('base64'))
  return `==SCRAM==,${stored},${server},${salted},${iterations}`
}

const VCARD = `<vCard xmlns='vcard-temp'><FN>Juliet Capulet</FN><NICKNAME>Jule</NICKNAME></vCard>`
const NOTES = `<notes xmlns='urn:test:notes'><note>wherefore</note></notes>`

/** What modules have kept besides: the second list names nobody, and the last message is none. */
const LATER: readonly string[] = [
  `INSERT INTO last VALUES ('example.com', 'juliet', 1580608922, 'to the balcony'), ('example.com', 'legacy', 1, '')`,
  `INSERT INTO privacy_list (server, username, name) VALUES ('example.com', 'juliet', 'blocking'),
    ('example.com', 'juliet', 'quiet'), ('example.com', 'juliet', 'wrong')`,
  `INSERT INTO privacy_list_data VALUES (1, 'j', 'Tybalt@Example.com', 'b', 1, true, false, false, false, false),
    (1, 'n', 'none', 'a', 2, true, false, false, false, false),
    (2, 'g', 'Verona', 'd', 3, false, true, true, true, true), (2, 's', 'none', 'd', 4, false, false, false, false, true),
    (2, 's', 'both', 'd', 5, false, false, false, false, false), (3, 'x', '', 'd', 1, true, false, false, false, false)`,
  `INSERT INTO privacy_default_list VALUES ('example.com', 'juliet', 'blocking'), ('example.com', 'legacy', 'gone')`,
  offline(
    1_580_608_922_000_001,
    `<message type='chat' to='juliet@example.com' id='m1'><body>It &amp; you</body></message>`,
  ),
  offline(1_580_608_922_000_000, `<message xmlns='jabber:client' type='chat'><body>first</body></message>`),
  offline(1_580_608_922_000_002, `<message`),
]

/** Makes the database; the people are at `example.com`, and one is elsewhere. */
export async function mongooseim(): Promise<TestDatabase> {
  const database = await makeDatabase()
  const users: readonly (readonly [string, string, string | null])[] = [
    ['juliet', '', await passDetails('secret')],
    ['legacy', '', await legacyDetails('old secret')],
    ['plain', `it's plain`, null],
    ['broken', '', '==MULTI_SCRAM==,nothing'],
    ['nobody', '', null],
  ]
  await database.run(
    ...TABLES.split(';'),
    ...users.map(([name, password, details]) => account('example.com', name, password, details)),
    account('elsewhere.example', 'mercutio', 'x', null),
    contact('juliet', 'romeo@example.net', 'Romeo', 'B', 'N', ''),
    contact('juliet', 'nurse@example.com', '', 'T', 'N', ''),
    contact('juliet', 'tybalt@example.com', 'Cousin', 'F', 'O', ''),
    contact('juliet', 'paris@example.net', '', 'N', 'I', 'Marry me'),
    contact('juliet', 'friar@example.net', 'Friar', 'N', 'B', ''),
    contact('juliet', 'odd@example.net', '', 'X', 'N', ''),
    `INSERT INTO rostergroups VALUES ('example.com', 'juliet', 'romeo@example.net', 'Verona'),
      ('example.com', 'juliet', 'romeo@example.net', 'Balcony')`,
    `INSERT INTO roster_version VALUES ('example.com', 'juliet', '9')`,
    `INSERT INTO vcard (username, server, vcard) VALUES ('juliet', 'example.com', ${quoted(VCARD)}),
      ('legacy', 'example.com', '<vCard')`,
    `INSERT INTO private_storage (server, username, namespace, data)
      VALUES ('example.com', 'juliet', 'urn:test:notes', ${quoted(NOTES)})`,
    ...LATER,
  )
  return database
}

/** Its address. */
export function addressOf({ name }: TestDatabase): string {
  const url = new URL(`postgres://${SERVER.host}:${SERVER.port}/${name}?sslmode=disable`)
  url.username = SERVER.user
  url.password = SERVER.password
  return url.href
}

function quoted(text: string | null): string {
  return text === null ? 'NULL' : `'${text.replaceAll(`'`, `''`)}'`
}

/** The statement that makes an account. */
export const account = (server: string, name: string, password: string, details: string | null): string =>
  `INSERT INTO users (username, server, password, pass_details, created_at)
   VALUES (${[name, server, password, details].map(quoted).join(', ')}, '2020-02-02 02:02:02')`

/** The statement that makes a contact. */
export const contact = (
  ...row: readonly [name: string, jid: string, nick: string, sub: string, ask: string, words: string]
) =>
  `INSERT INTO rosterusers (server, username, jid, nick, subscription, ask, askmessage)
   VALUES ('example.com', ${row.map(quoted).join(', ')})`

/** The statement that keeps a message of Romeo for Juliet. */
export function offline(at: number, packet: string): string {
  return `INSERT INTO offline_message (timestamp, server, username, from_jid, packet)
    VALUES (${at}, 'example.com', 'juliet', 'romeo@example.net/orchard', ${quoted(packet)})`
}
