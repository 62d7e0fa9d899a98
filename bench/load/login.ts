/** How a client logs in, step by step as every server understands it: RFC 6120, SASL PLAIN or SCRAM-SHA-1, XEP-0077 to register. */
import { randomBytes } from 'node:crypto'
import type { Client } from './client.ts'
import { prove } from './scram.ts'

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl'
const STREAMS = 'http://etherx.jabber.org/streams'
const base64 = (text: string) => Buffer.from(text).toString('base64')

const open = (client: Client) =>
  client.write(
    `<?xml version='1.0'?><stream:stream to='${client.options.domain}' xmlns='jabber:client' xmlns:stream='${STREAMS}' version='1.0'>`,
  )

async function features(client: Client): Promise<string> {
  const [text] = await client.expect(/<stream:features(?:\s*\/>|[\s\S]*?<\/stream:features>)/, 'stream features')
  return text
}

/** Connects and opens a stream, with STARTTLS when wanted; resolves with its features. */
async function openStream(client: Client): Promise<string> {
  await client.connect()
  open(client)
  const offered = await features(client)
  if (!client.options.tls) return offered
  client.write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
  await client.expect(/<proceed[^>]*>/, 'proceed')
  await client.secure()
  client.listen()
  open(client)
  return features(client)
}

async function authenticate(client: Client, offered: string): Promise<void> {
  const { mechanism: wanted } = client.options
  const best = offered.includes('>SCRAM-SHA-1<') ? 'SCRAM-SHA-1' : 'PLAIN'
  const mechanism = wanted === 'auto' ? best : wanted
  if (!offered.includes(`>${mechanism}<`)) throw new Error(`the server does not offer ${mechanism}: ${offered}`)
  await (mechanism === 'PLAIN' ? plain(client) : scram(client))
}

async function plain(client: Client): Promise<void> {
  const { user, password } = client.options
  client.write(`<auth xmlns='${SASL}' mechanism='PLAIN'>${base64(`\0${user}\0${password}`)}</auth>`)
  await outcome(client)
}

async function scram(client: Client): Promise<void> {
  const { user, password, salted } = client.options
  const bare = `n=${user},r=${randomBytes(18).toString('base64').replaceAll(',', '')}`
  client.write(`<auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>${base64(`n,,${bare}`)}</auth>`)
  const [text, kind, data = ''] = await client.expect(/<(challenge|failure)[^>]*>([\s\S]*?)<\/\1>/, 'challenge')
  if (kind !== 'challenge') throw new Error(`${user} was refused: ${text}`)
  const proof = prove(bare, Buffer.from(data, 'base64').toString(), password, salted)
  client.write(`<response xmlns='${SASL}'>${base64(proof.response)}</response>`)
  const said = Buffer.from(await outcome(client), 'base64').toString()
  if (said !== proof.verifier) throw new Error(`${user}: the server has proved nothing`)
  client.iterations = proof.iterations
}

/** What the server adds to its success. */
async function outcome(client: Client): Promise<string> {
  const [text, kind, data] = await client.expect(/<(success|failure)[^>]*?(?:\/>|>([\s\S]*?)<\/\1>)/, 'outcome of SASL')
  if (kind !== 'success') throw new Error(`${client.options.user} was refused: ${text}`)
  return data ?? ''
}

/** Sends a request and waits for its answer. */
export async function request(client: Client, id: string, type: 'get' | 'set', payload: string): Promise<string> {
  client.write(`<iq type='${type}' id='${id}'>${payload}</iq>`)
  const [text] = await client.expect(
    new RegExp(`<iq[^>]*id=['"]${id}['"][^>]*?(?:/>|>[\\s\\S]*?</iq>)`),
    `answer to ${id}`,
  )
  return text
}

/** Logs in up to the bound resource, without presence. */
export async function bind(client: Client): Promise<void> {
  await authenticate(client, await openStream(client))
  client.listen()
  open(client)
  const offered = await features(client)
  const bound = await request(
    client,
    'bind1',
    'set',
    "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>b</resource></bind>",
  )
  client.jid = /<jid>([^<]+)<\/jid>/.exec(bound)?.[1] ?? ''
  if (client.jid === '') throw new Error(`${client.options.user} got no resource: ${bound}`)
  if (!offered.includes('urn:ietf:params:xml:ns:xmpp-session')) return
  await request(client, 'sess1', 'set', "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>")
}

/** Logs in, and sends initial presence: RFC 6121 section 4.2.2 has the server echo it. */
export async function login(client: Client): Promise<void> {
  await bind(client)
  client.write('<presence/>')
  await client.expect(/<presence[^>]*?(\/>|>[\s\S]*?<\/presence>)/, 'echo of the presence')
}

/** Switches on what a mobile client does: message carbons (XEP-0280) and stream management (XEP-0198). */
export async function enableExtensions(client: Client): Promise<void> {
  await request(client, 'carbons1', 'set', "<enable xmlns='urn:xmpp:carbons:2'/>")
  client.write("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
  await client.expect(/<enabled[^>]*?(\/>|>)/, 'stream management')
}

/** Registers the account (XEP-0077); whether it is new. */
export async function register(client: Client): Promise<boolean> {
  await openStream(client)
  const { user, password } = client.options
  const query = `<query xmlns='jabber:iq:register'><username>${user}</username><password>${password}</password></query>`
  const answer = await request(client, 'reg1', 'set', query)
  client.end()
  const known = answer.includes('conflict')
  if (!known && !/type=['"]result['"]/.test(answer)) throw new Error(`${user} could not be registered: ${answer}`)
  return !known
}
