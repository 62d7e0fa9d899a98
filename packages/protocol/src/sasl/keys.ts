/** RFC 5802 §3: the keys that SCRAM derives from a password, and the proofs that both sides make of them. */
import { hash as digest, pbkdf2, timingSafeEqual } from 'node:crypto'
import { SaslError } from '../errors.ts'
import { saslprep } from '../prep/profiles.ts'
import { MAX_MESSAGE } from './encoding.ts'
import { type ScramHash } from './mechanisms.ts'

/** What a server keeps instead of a password. */
export interface ScramKeys {
  readonly salt: Uint8Array
  readonly iterations: number
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

/** Length of each hash in bytes. */
export const hashLength: Readonly<Record<ScramHash, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
}

/**
 * Derives what a server keeps of `password`. The slow part runs in the thread pool.
 * Rejects with `malformed-request` when SASLprep (RFC 4013) forbids the password or it is too long.
 */
export async function scramKeys(
  password: string,
  hash: ScramHash,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramKeys> {
  const salted = await saltedPassword(preparePassword(password), hash, salt, iterations)
  const storedKey = digest(hash, clientKey(hash, salted), 'buffer')
  return { salt, iterations, storedKey, serverKey: makeServerKey(hash, salted) }
}

/** Whether `password` is the one that `keys` were derived from. It does the same work whether it is or not. */
export async function verifyPassword(password: string, hash: ScramHash, keys: ScramKeys): Promise<boolean> {
  if (tryPassword(password) === undefined) return false
  const { storedKey } = await scramKeys(password, hash, keys.salt, keys.iterations)
  return equalBytes(storedKey, keys.storedKey)
}

/**
 * Keys for a user who does not exist: always the same for the same name, and such as no password leads to.
 * A login against them takes the same steps as one against real keys. `secret` must not be known to clients.
 */
export function fakeScramKeys(secret: Uint8Array, username: string, hash: ScramHash, iterations: number): ScramKeys {
  const make = (what: string): Buffer => hmac(hash, secret, `${what}\0${username}`)
  return {
    salt: make('salt').subarray(0, 16),
    iterations,
    storedKey: make('stored key'),
    serverKey: make('server key'),
  }
}

/** SaltedPassword of RFC 5802 §3, computed in the thread pool. `password` must already be prepared. */
export function saltedPassword(
  password: string,
  hash: ScramHash,
  salt: Uint8Array,
  iterations: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, hashLength[hash], hash, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

/** ClientKey of RFC 5802 §3. */
export function clientKey(hash: ScramHash, salted: Uint8Array): Buffer {
  return hmac(hash, salted, 'Client Key')
}

/** ServerKey of RFC 5802 §3. */
export function makeServerKey(hash: ScramHash, salted: Uint8Array): Buffer {
  return hmac(hash, salted, 'Server Key')
}

/** ClientProof of RFC 5802 §3. */
export function clientProof(hash: ScramHash, key: Uint8Array, authMessage: string): Buffer {
  return xor(key, hmac(hash, digest(hash, key, 'buffer'), authMessage))
}

/** ServerSignature of RFC 5802 §3. */
export function serverSignature(hash: ScramHash, serverKey: Uint8Array, authMessage: string): Buffer {
  return hmac(hash, serverKey, authMessage)
}

/** Whether `proof` was made by someone who knows the client key behind `storedKey`. A proof of any length is safe to pass. */
export function proofMatches(hash: ScramHash, storedKey: Uint8Array, proof: Uint8Array, authMessage: string): boolean {
  if (proof.length !== hashLength[hash]) return false
  const key = xor(proof, hmac(hash, storedKey, authMessage))
  return equalBytes(digest(hash, key, 'buffer'), storedKey)
}

/** Compares secrets in a time that depends on their lengths only. */
export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

/** The password after SASLprep; throws `malformed-request` when it is forbidden, empty or too long. */
export function preparePassword(password: string): string {
  const prepared = tryPassword(password)
  if (prepared === undefined) throw new SaslError('malformed-request', 'The password is not allowed by SASLprep.')
  return prepared
}

function tryPassword(password: string): string | undefined {
  if (password.length > MAX_MESSAGE) return undefined // before any work is done
  const prepared = saslprep(password)
  return prepared === '' ? undefined : prepared
}

/** Length of the blocks that each hash works on, in bytes (RFC 2104 §2, FIPS 180-4 §1). */
const blockLength: Readonly<Record<ScramHash, number>> = { sha1: 64, sha224: 64, sha256: 64, sha384: 128, sha512: 128 }

/** HMAC of RFC 2104 §2. Two one-shot hashes cost a fifth of Node's `createHmac`, which makes a key object and a stream each time. */
function hmac(hash: ScramHash, key: Uint8Array, data: string): Buffer {
  const block = blockLength[hash]
  const short = key.length > block ? digest(hash, key, 'buffer') : key
  const inner = digest(hash, Buffer.concat([padded(short, block, 0x36), Buffer.from(data)]), 'buffer')
  return digest(hash, Buffer.concat([padded(short, block, 0x5c), inner]), 'buffer')
}

function padded(key: Uint8Array, length: number, pad: number): Buffer {
  const bytes = Buffer.alloc(length, pad)
  for (let i = 0; i < key.length; i++) bytes[i]! ^= key[i]!
  return bytes
}

function xor(one: Uint8Array, other: Uint8Array): Buffer {
  const result = Buffer.from(one)
  for (let i = 0; i < result.length; i++) result[i]! ^= other[i]!
  return result
}
