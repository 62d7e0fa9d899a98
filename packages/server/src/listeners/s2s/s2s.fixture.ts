/** Another server of tests: a plain socket, on which it says what the test wants and keeps what it hears; and our end of things. */
import { type Server, connect, createServer } from 'node:net'
import { type SecureContext, connect as connectTls, createSecureContext } from 'node:tls'
import { type Story, settle } from '../../testing/story.ts'
import { PlainPeer } from '../plain-peer.fixture.ts'
import type { Dns } from './dns.ts'
import { Federation } from './federation.ts'
import { S2sListener } from './listener.ts'
import type { S2sListenerOptions, S2sOptions } from './options.ts'

const DIALBACK = "xmlns:db='jabber:server:dialback'"

/** The start tag of a stream between servers. */
export const header = (from: string | undefined, to: string | undefined, more = " version='1.0'"): string =>
  `<stream:stream xmlns='jabber:server' ${DIALBACK} xmlns:stream='http://etherx.jabber.org/streams'` +
  `${from === undefined ? '' : ` from='${from}'`}${to === undefined ? '' : ` to='${to}'`}${more}>`

/** One end of a connection. */
export class TestPeer extends PlainPeer {
  /** Goes over to TLS, after `<proceed/>`. */
  secure(secureContext: SecureContext = createSecureContext()): Promise<void> {
    return this.goOver(connectTls({ socket: this.socket, secureContext, rejectUnauthorized: false }))
  }
}

/** Options for connections to others, which find nobody in DNS. */
export function s2sOptions(changes: Partial<S2sOptions> = {}): S2sOptions {
  return {
    allows: () => true,
    secret: 'secret',
    port: 5269,
    addresses: [],
    ipVersions: [4],
    denyPrivate: false,
    connectTimeoutMs: 10_000,
    stateTimeoutMs: 5000,
    streamTimeoutMs: 600_000,
    maxRetryDelayMs: 300_000,
    queueBytes: 1_048_576,
    queueStanzas: 1000,
    queueTimeoutMs: 60_000,
    limits: { stanzaBytes: 65_536, depth: 16, elements: 512, attributes: 64 },
    acks: { stanzas: 5000, characters: 4_194_304, askEvery: 64, timeoutMs: 60_000 },
    tls: {
      mode: 'starttls',
      context: () => createSecureContext(),
      ownCertificate: false,
      mustTrust: false,
      serverName: undefined,
    },
    shaper: () => () => 0,
    routeSubdomains: false,
    ...changes,
  }
}

/** A listener without TLS. */
export function listenerOptions(changes: Partial<S2sListenerOptions> = {}): S2sListenerOptions {
  return {
    port: 0,
    address: '127.0.0.1',
    backlog: 100,
    tls: undefined,
    roots: undefined,
    beforeLogin: { stanzaBytes: 8192, depth: 8, elements: 32, attributes: 32 },
    afterLogin: { stanzaBytes: 262_144, depth: 64, elements: 4096, attributes: 256 },
    authTimeoutMs: 30_000,
    idleTimeoutMs: 3_600_000,
    maxConnections: Infinity,
    maxUnauthenticatedPerIp: 100,
    outboundBytes: 65_536,
    defaultDomain: 'example.com',
    shaper: () => () => 0,
    ...changes,
  }
}

/** A name server that knows nothing. */
export const noNames: Dns = { srv: async () => [], addresses: async () => [] }

/** What a test may change. */
export interface FederatingOptions {
  readonly s2s?: Partial<S2sOptions>
  readonly listener?: Partial<S2sListenerOptions>
  readonly dns?: Dns
}

/** What a test has of our server. */
export interface Federating {
  readonly federation: Federation
  /** Connects to our listener. */
  readonly peer: () => TestPeer
}

/** Federation beside the people of a story; everything ends with the test. */
export async function federating(
  t: { after(end: () => Promise<void>): void },
  scene: Story,
  { s2s, listener: changes, dns = noNames }: FederatingOptions = {},
): Promise<Federating> {
  const options = s2sOptions(s2s)
  const federation = new Federation({ kernel: scene.kernel, dns, options: () => options })
  const listener = new S2sListener(federation, listenerOptions(changes))
  const port = await listener.listen()
  const all: TestPeer[] = []
  t.after(async () => {
    for (const { socket } of all) socket.destroy()
    await Promise.all([federation.close(), listener.close()])
    await settle()
  })
  const peer = (): TestPeer => {
    const made = new TestPeer(connect(port, '127.0.0.1'))
    all.push(made)
    return made
  }
  return { federation, peer }
}

/** A server elsewhere that our server connects to. */
export interface Elsewhere {
  readonly port: number
  /** Resolves with the next connection. */
  next(): Promise<TestPeer>
  /** How many connections there were. */
  count(): number
}

/** Listens for our server. */
export async function elsewhere(t: { after(end: () => Promise<void>): void }): Promise<Elsewhere> {
  const waiting: TestPeer[] = []
  const all: TestPeer[] = []
  let told = Promise.withResolvers<void>()
  const server: Server = createServer((socket) => {
    const peer = new TestPeer(socket)
    all.push(peer)
    waiting.push(peer)
    told.resolve()
    told = Promise.withResolvers()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    for (const { socket } of all) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    count: () => all.length,
    async next() {
      while (waiting.length === 0) await told.promise
      return waiting.shift()!
    },
  }
}

/** Where the server of a domain is. */
export const at = (host: string, port: number): S2sOptions['addresses'] => [{ host, ip: '127.0.0.1', port, tls: false }]
