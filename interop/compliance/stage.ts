/** The server that is tried, and what all trials do there. */
import assert from 'node:assert/strict'
import { type Client } from '@meerkat/client'
import { type Devices, story, type StoryTest } from '@meerkat/client/testing'
import { DiscoInfo, DiscoItems, Iq, Message, Body, parseDiscoInfo, parseDiscoItems } from '@meerkat/protocol'
import { type Element } from '@meerkat/xml'
import { type Server, type ServerOptions } from '../../e2e/harness.ts'

/** The secret of components. */
export const SECRET = 'between us'

const handler = (kind: string, path: string, more = ''): string =>
  `[[listen.http.handlers.${kind}]]\nhost = "_"\npath = "${path}"\n${more}`

/** Everything that the suites need is switched on. */
export const options: ServerOptions = {
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_ping]
[modules.mod_caps]
[modules.mod_pubsub]
[modules.mod_vcard]
[modules.mod_carboncopy]
[modules.mod_offline]
[modules.mod_http_upload]
[modules.mod_blocking]
[modules.mod_private]
[modules.mod_stream_management]
[modules.mod_mam.pm]
[modules.mod_csi]
[[modules.mod_extdisco.service]]
type = "turn"
host = "turn.localhost"
port = 3478
secret = "of the relay"`,
  extra: `[services.service_bosh]
[[listen.component]]
port = 0
ip_address = "127.0.0.1"
password = "${SECRET}"
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
${handler('mongoose_websocket_handler', '/ws-xmpp', 'allow_plain_without_tls = true\nurl = "wss://chat.example/ws-xmpp"')}
${handler('mongoose_bosh_handler', '/http-bind', 'allow_plain_without_tls = true\nurl = "https://chat.example/http-bind"')}
${handler('meerkat_upload_handler', '/files')}`,
}

/** A server under trial, and where to print what happened when one fails. */
export interface Stage {
  readonly server: Server
  readonly t: StoryTest
}

/** Tries one line; rejects when the server does not do it. */
export type Trial = (stage: Stage) => Promise<void>

/** A story with one device of alice. */
export const alone =
  (tell: (alice: Client, stage: Stage) => Promise<void>): Trial =>
  (stage) =>
    story(stage.t, { server: stage.server, users: { alice: 1 } }, ({ alice }) => tell(alice, stage))

/** A story of alice and bob, who see each other's presence. */
export const between =
  (tell: (devices: Devices<{ alice: 1; bob: 1 }>, stage: Stage) => Promise<void>): Trial =>
  (stage) =>
    story(stage.t, { server: stage.server, users: { alice: 1, bob: 1 }, friends: true }, (devices) =>
      tell(devices, stage),
    )

/** An IQ that asks. */
export const get = (content: Element, to?: { toString(): string }): Element =>
  Iq({ type: 'get', to: to?.toString() }, content)
/** An IQ that changes something. */
export const set = (content: Element, to?: { toString(): string }): Element =>
  Iq({ type: 'set', to: to?.toString() }, content)
/** A chat message. */
export const chat = (to: { toString(): string }, body: string, ...more: readonly Element[]): Element =>
  Message({ to: to.toString(), type: 'chat' }, Body({}, body), ...more)

/** What an entity says of itself: its features, and its identities as `category/type`. */
export async function said(client: Client, of: { toString(): string } = 'localhost'): Promise<readonly string[]> {
  const { features, identities } = parseDiscoInfo(DiscoInfo.in(await client.request(get(DiscoInfo(), of)))!)
  return [...features, ...identities.map(({ category, type }) => `${category}/${type}`)]
}

/** The services of the server. */
export async function services(client: Client): Promise<readonly string[]> {
  return parseDiscoItems(DiscoItems.in(await client.request(get(DiscoItems(), 'localhost')))!).map(({ jid }) => jid)
}

/** Asserts that all of these are advertised. */
export function advertises(known: readonly string[], ...wanted: readonly string[]): void {
  assert.deepEqual(
    wanted.filter((feature) => !known.includes(feature)),
    [],
    'not advertised',
  )
}

/** The port of what the server calls by this name. */
export const portOf = (server: Server, name: string): number =>
  Number(new RegExp(`^ +${name} +\\S+?:(\\d+)`, 'm').exec(server.stdout)![1])
