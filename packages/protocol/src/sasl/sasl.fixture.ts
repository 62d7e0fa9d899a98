/** What the tests of both sides share. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type SaslCondition, SaslError } from '../errors.ts'
import {
  clientMechanism,
  type Credentials,
  fakeScramKeys,
  mechanismInfo,
  randomNonce,
  type SaslSuccess,
  scramKeys,
  type ServerContext,
  type ServerMechanism,
  serverMechanism,
  TLS_EXPORTER,
} from './index.ts'

/** A channel that both sides see. */
export const channelBinding = { type: TLS_EXPORTER, data: randomBytes(32) }
const secret = randomBytes(32)
/** The salt of whoever has an account. */
export const salt = randomBytes(16)

/** A server on which one user has an account. */
export function serverOf(username: string, password: string, changes: Partial<ServerContext> = {}): ServerContext {
  return {
    scramKeys: async (name, hash) =>
      name === username
        ? { keys: await scramKeys(password, hash, salt, 2), known: true }
        : { keys: fakeScramKeys(secret, name, hash, 2), known: false },
    checkPassword: (name, word) => Promise.resolve(name === username && word === password),
    channelBinding,
    plusOffered: true,
    nonce: randomNonce,
    ...changes,
  }
}

/** Runs an exchange to its end. */
export async function login(name: string, credentials: Credentials, context: ServerContext): Promise<SaslSuccess> {
  const plus = mechanismInfo(name)!.plus
  const client = clientMechanism(name, { minIterations: 1, ...credentials, ...(plus ? { channelBinding } : {}) })
  const server = serverMechanism(name, context)!
  let step = await server.step(client.initial())
  while ('challenge' in step) step = await server.step(await client.respond(step.challenge))
  client.finish(step.success.data)
  return step.success
}

/** A check for `assert.rejects`: a SaslError with this condition, and this text if given. */
export const refused = (condition: SaslCondition, text?: string) => (error: unknown) => {
  assert.ok(error instanceof SaslError, String(error))
  assert.equal(error.condition, condition)
  if (text !== undefined) assert.equal(error.text, text)
  return true
}

/** Sends raw messages to a server; `{nonce}` stands for the whole nonce of the challenge. */
export async function send(server: ServerMechanism, ...messages: readonly (string | Uint8Array)[]) {
  let nonce = ''
  let step
  for (const message of messages) {
    step = await server.step(typeof message === 'string' ? Buffer.from(message.replace('{nonce}', nonce)) : message)
    if ('challenge' in step) nonce = Buffer.from(step.challenge).toString().split(',')[0]!.slice(2)
  }
  return step
}

/** A client's first message that is in order. */
export const FIRST = 'n,,n=user,r=0123456789abcdef'
/** A proof of the right length that proves nothing. */
export const proof = Buffer.alloc(32).toString('base64')
/** A server's side for the user `user` with the password `pencil`. */
export const scram = (changes: Partial<ServerContext> = {}, name = 'SCRAM-SHA-256'): ServerMechanism =>
  serverMechanism(name, serverOf('user', 'pencil', changes))!
