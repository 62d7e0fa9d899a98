/** The client's side of PLAIN (RFC 4616), of EXTERNAL (RFC 4422 appendix A) and of SCRAM with and without channel binding (RFC 5802, RFC 7677, RFC 9266). */
import { randomBytes } from 'node:crypto'
import { SaslError } from '../errors.ts'
import { saslprep } from '../prep/profiles.ts'
import { decodeBase64, messageText } from './encoding.ts'
import {
  clientKey,
  clientProof,
  equalBytes,
  makeServerKey,
  preparePassword,
  saltedPassword,
  serverSignature,
} from './keys.ts'
import { EXTERNAL, type MechanismInfo, mechanismInfo, type ScramHash } from './mechanisms.ts'
import { type BindingFlag, encodeName, formatHeader, parseServerFirst, type ServerFirst } from './messages.ts'
import { type Offer, offerDigest } from './offer.ts'
import { formatPlain } from './plain.ts'
import { type ChannelBinding } from './server.ts'

/** What a client logs in with. */
export interface Credentials {
  readonly username: string
  readonly password: string
  /** Whom to act as, when it is somebody else. */
  readonly authzid?: string | undefined
  /** The channel's binding. With a mechanism that is not -PLUS it means: we could have, but the server did not offer it. */
  readonly channelBinding?: ChannelBinding | undefined
  /** What the server offered; a server that knows XEP-0474 then proves that nobody changed it. */
  readonly offer?: Offer | undefined
  /** The fewest PBKDF2 iterations that a server may ask for; 4,096 (RFC 5802 §5.1) unless given. */
  readonly minIterations?: number | undefined
  /** The most PBKDF2 iterations that a server may ask for; ten million unless given. */
  readonly maxIterations?: number | undefined
  /** Makes the client's nonce; random unless given. */
  readonly nonce?: (() => string) | undefined
}

/** One authentication exchange. A SaslError thrown here found the server at fault: send `<abort/>` or close. */
export interface ClientMechanism {
  readonly name: string
  /** The initial response. */
  initial(): Uint8Array
  /** The answer to a challenge. */
  respond(challenge: Uint8Array): Promise<Uint8Array> | Uint8Array
  /** Verifies what came with `<success/>`; throws unless the server has proved that it knows the user, too. */
  finish(data: Uint8Array | undefined): void
}

/** A fresh nonce of 144 random bits, for either side. */
export function randomNonce(): string {
  return randomBytes(18).toString('base64')
}

/** Begins an exchange; throws SaslError `invalid-mechanism` when `name` is unknown or needs channel binding that is not given. */
export function clientMechanism(name: string, credentials: Credentials): ClientMechanism {
  const info = mechanismInfo(name)
  if (info === undefined || (info.plus && credentials.channelBinding === undefined)) {
    throw new SaslError('invalid-mechanism', `The client cannot use ${name}.`)
  }
  if (name === EXTERNAL) return external(credentials)
  // RFC 5802 §5.1: prepared as a query, in which letters that Unicode 3.2 does not know are allowed
  const username = saslprep(credentials.username, { query: true })
  if (!username) throw new SaslError('malformed-request', 'The user name is not allowed by SASLprep.')
  const prepared = { ...credentials, username, password: preparePassword(credentials.password) }
  return info.hash === undefined ? plain(name, prepared) : new ScramClient(info, info.hash, prepared)
}

/** RFC 4422 §A.1: who the client is stands in its certificate; it says whom to act as, or nothing. */
function external({ authzid = '' }: Credentials): ClientMechanism {
  return {
    name: EXTERNAL,
    initial: () => Buffer.from(authzid),
    respond: () => {
      throw new SaslError('aborted', 'EXTERNAL has no challenge.')
    },
    finish: () => {},
  }
}

function plain(name: string, { authzid, username, password }: Credentials): ClientMechanism {
  return {
    name,
    initial: () => formatPlain({ authzid, username, password }),
    respond: () => {
      throw new SaslError('aborted', 'PLAIN has no challenge.')
    },
    finish: () => {},
  }
}

class ScramClient implements ClientMechanism {
  readonly name: string
  readonly #hash: ScramHash
  readonly #credentials: Credentials
  readonly #header: string
  /** The bytes of `c=`. */
  readonly #binding: Uint8Array
  readonly #nonce: string
  readonly #bare: string
  #expectedSignature: Uint8Array | undefined
  #verified = false

  constructor(info: MechanismInfo, hash: ScramHash, credentials: Credentials) {
    this.name = info.name
    this.#hash = hash
    this.#credentials = credentials
    this.#header = formatHeader(bindingFlag(info, credentials), credentials.authzid)
    const data = info.plus ? credentials.channelBinding!.data : new Uint8Array(0)
    this.#binding = Buffer.concat([Buffer.from(this.#header), data])
    this.#nonce = (credentials.nonce ?? randomNonce)()
    this.#bare = `n=${encodeName(credentials.username)},r=${this.#nonce}`
  }

  initial(): Uint8Array {
    return Buffer.from(this.#header + this.#bare)
  }

  respond(challenge: Uint8Array): Promise<Uint8Array> | Uint8Array {
    if (this.#expectedSignature === undefined) return this.#prove(messageText(challenge))
    // RFC 4422 §3.6 lets a server send its last message as a challenge of its own, which gets an empty response.
    this.finish(challenge)
    return new Uint8Array(0)
  }

  finish(data: Uint8Array | undefined): void {
    if (this.#verified && !data?.length) return
    const expected = this.#expectedSignature
    const message = data?.length ? messageText(data) : ''
    const signature = message.startsWith('v=') ? decodeBase64(message.slice(2).split(',')[0]!) : undefined
    if (expected === undefined || signature === undefined || !equalBytes(signature, expected)) {
      throw new SaslError('aborted', 'The server has not proved that it knows the user.')
    }
    this.#verified = true
  }

  async #prove(challenge: string): Promise<Uint8Array> {
    const server = parseServerFirst(challenge)
    this.#check(server)
    const withoutProof = `c=${Buffer.from(this.#binding).toString('base64')},r=${server.nonce}`
    const authMessage = `${this.#bare},${challenge},${withoutProof}`
    const salted = await saltedPassword(this.#credentials.password, this.#hash, server.salt, server.iterations)
    this.#expectedSignature = serverSignature(this.#hash, makeServerKey(this.#hash, salted), authMessage)
    const proof = clientProof(this.#hash, clientKey(this.#hash, salted), authMessage)
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)
  }

  #check({ nonce, iterations, offerDigest: digest }: ServerFirst): void {
    const { minIterations = 4096, maxIterations = 10_000_000, offer } = this.#credentials
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new SaslError('aborted', "The server's nonce does not continue the client's.")
    }
    // Few iterations would let an impostor guess the password from the proof, very many would keep this machine busy.
    if (iterations < minIterations || iterations > maxIterations) {
      throw new SaslError(
        'aborted',
        `The server asks for ${iterations} iterations; ${minIterations} to ${maxIterations} are allowed.`,
      )
    }
    if (digest !== undefined && offer !== undefined && digest !== offerDigest(offer, this.#hash)) {
      throw new SaslError('aborted', 'Somebody changed what the server offered.') // XEP-0474 §5
    }
  }
}

/** RFC 5802 §6: `y` tells the server that we could bind the channel, so that it notices when its offer was cut. */
function bindingFlag({ plus }: MechanismInfo, { channelBinding }: Credentials): BindingFlag {
  if (channelBinding === undefined) return 'n'
  return plus ? { type: channelBinding.type } : 'y'
}
