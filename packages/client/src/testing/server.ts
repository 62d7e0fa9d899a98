/** The server under test as a story sees it, and the users that come and go there. */
import { randomBytes } from 'node:crypto'
import { type Jid, makeJid } from '@meerkat/protocol'
import { type Client } from '../client.ts'
import { connect } from '../connect.ts'
import { type ClientOptions, type TlsMode } from '../options.ts'
import { register, unregister } from '../register.ts'

/** Where a server is and how accounts come into being there. */
export interface TestServer {
  readonly host: string
  /** The port for STARTTLS and for connections in the clear. */
  readonly port: number
  /** The port for direct TLS. */
  readonly tlsPort?: number | undefined
  readonly domain: string
  /** The certificate to trust, in PEM. */
  readonly ca?: string | undefined
  /** How devices connect; `starttls` unless given. */
  readonly tls?: TlsMode | undefined
  /** How long each wait of a device lasts at most, in milliseconds. */
  readonly timeoutMs?: number | undefined
  /** Creates an account; by in-band registration (XEP-0077) unless given. */
  createUser?(username: string, password: string): Promise<void>
  /** Deletes an account; unless given, in-band when it was created so, and not at all otherwise. */
  deleteUser?(username: string): Promise<void>
}

/** An account. */
export interface TestUser {
  readonly username: string
  readonly password: string
  /** The bare address. */
  readonly jid: Jid
}

/** The options with which `user` connects; `more` replaces some of them. */
export function optionsFor(server: TestServer, user?: TestUser, more: Partial<ClientOptions> = {}): ClientOptions {
  const tls = more.tls ?? server.tls ?? 'starttls'
  return {
    domain: server.domain,
    username: user?.username,
    password: user?.password,
    host: server.host,
    port: tls === 'direct' ? server.tlsPort : server.port,
    tls,
    ca: server.ca,
    timeoutMs: server.timeoutMs,
    ...more,
  }
}

/** Connects a device of `user`; it sends no presence. */
export function connectDevice(server: TestServer, user: TestUser, more?: Partial<ClientOptions>): Promise<Client> {
  return connect(optionsFor(server, user, more))
}

/** Creates an account whose name begins with `name` and was never used before. */
export async function freshUser(server: TestServer, name: string): Promise<TestUser> {
  const username = `${name}_${randomBytes(6).toString('hex')}`
  const password = randomBytes(12).toString('base64url')
  const user = { username, password, jid: makeJid(username, server.domain) }
  if (server.createUser !== undefined) await server.createUser(username, password)
  else await register(optionsFor(server, user))
  return user
}

/** Deletes an account as far as the server's description says how. */
export async function removeUser(server: TestServer, user: TestUser): Promise<void> {
  if (server.deleteUser !== undefined) await server.deleteUser(user.username)
  else if (server.createUser === undefined) await unregister(optionsFor(server, user))
}
