/** The server's side of PLAIN (RFC 4616), of EXTERNAL (RFC 4422 appendix A) and of SCRAM with and without channel binding (RFC 5802, RFC 7677, RFC 9266). */
import { SaslError } from '../errors.ts'
import { saslprep } from '../prep/profiles.ts'
import { messageText } from './encoding.ts'
import { equalBytes, preparePassword, proofMatches, type ScramKeys, serverSignature } from './keys.ts'
import { EXTERNAL, type MechanismInfo, mechanismInfo, type ScramHash } from './mechanisms.ts'
import { type BindingFlag, type ClientFirst, parseClientFinal, parseClientFirst } from './messages.ts'
import { type Offer, offerDigest } from './offer.ts'
import { parsePlain } from './plain.ts'

/** What a side knows of the TLS channel: `tls-exporter` and the 32 bytes of RFC 9266 §2. */
export interface ChannelBinding {
  readonly type: string
  readonly data: Uint8Array
}

/** The answer to who has which keys. For a user who does not exist: fake keys (see `fakeScramKeys`) and `known` false. */
export interface ScramLookup {
  readonly keys: ScramKeys
  readonly known: boolean
}

/** What a mechanism asks of its server. Names and passwords come prepared by SASLprep. A rejection ends the exchange. */
export interface ServerContext {
  /** Must take the same way for known and unknown users: the client sees salt and iterations in both cases (S32). */
  scramKeys(username: string, hash: ScramHash): Promise<ScramLookup>
  /** Must do the same work for known and unknown users (S32). */
  checkPassword(username: string, password: string): Promise<boolean>
  /** Whom the client's certificate stands for, when it asks to act as `authzid`, '' if it does not say; throws SaslError. Without it there is no EXTERNAL. */
  external?(authzid: string): string | Promise<string>
  /** The channel's binding, undefined when the connection has none. */
  readonly channelBinding?: ChannelBinding | undefined
  /** Whether any -PLUS mechanism was offered on this connection. */
  readonly plusOffered: boolean
  /** A fresh nonce: printable ASCII without comma, at least 128 random bits. */
  nonce(): string
  /** When given, clients that know XEP-0474 can verify that nobody changed the offer. */
  readonly offer?: Offer | undefined
}

/** Who the client has proved to be. */
export interface SaslSuccess {
  /** Prepared by SASLprep; after EXTERNAL as the certificate's owner is called. */
  readonly username: string
  /** Whom the client wants to act as, as sent; whether it may is the caller's to decide (`invalid-authzid`). */
  readonly authzid: string | undefined
  /** Goes into `<success/>`. */
  readonly data?: Uint8Array
}

/** What to send to the client: a challenge, or success. */
export type Step = { readonly challenge: Uint8Array } | { readonly success: SaslSuccess }

/** One authentication exchange. */
export interface ServerMechanism {
  readonly name: string
  /**
   * Takes the client's next message; an empty first one stands for a missing initial response and is answered by an empty challenge, but for EXTERNAL.
   * Throws, or rejects with, SaslError when the client is refused; the exchange is over then.
   */
  step(message: Uint8Array): Step | Promise<Step>
}

/** Begins an exchange with the mechanism `name`; undefined when it is unknown or needs channel binding that there is not. */
export function serverMechanism(name: string, context: ServerContext): ServerMechanism | undefined {
  const info = mechanismInfo(name)
  if (info === undefined || (info.plus && context.channelBinding === undefined)) return undefined
  if (name === EXTERNAL) return context.external && { name, step: exchange(external(context)) }
  const { hash } = info
  const first: Stage = hash === undefined ? plain(context) : scramFirst(info, hash, context)
  return { name, step: exchange(afterEmpty(first)) }
}

/** Handles one message; calls `then` with what handles the one after it, if the exchange goes on. */
type Stage = (message: Uint8Array, then: (next: Stage) => void) => Step | Promise<Step>

function exchange(first: Stage): ServerMechanism['step'] {
  let stage: Stage | undefined = first
  return (message) => {
    const now = stage
    // Taken away before it runs, so that neither a refusal nor an early second message gets another try.
    stage = undefined
    if (now === undefined) throw new SaslError('malformed-request', 'The exchange is over.')
    return now(message, (next) => (stage = next))
  }
}

/** RFC 4422 §3.3: without initial response, a mechanism in which the client speaks first begins with an empty challenge. */
function afterEmpty(first: Stage): Stage {
  return (message, then) => {
    if (message.length > 0) return first(message, then)
    then(first)
    return { challenge: new Uint8Array(0) }
  }
}

/**
 * RFC 4422 §A.1: the one message is whom to act as, or nothing. Nothing may be said by an initial response of no bytes, or by none at all; to the
 * latter an empty challenge would be due, to which the answer can only be the same.
 */
function external(context: ServerContext): Stage {
  return async (message) => {
    const authzid = message.length === 0 ? '' : messageText(message)
    if (authzid.includes('\0')) throw new SaslError('malformed-request', 'An identity holds no NUL.')
    // Whom it may act as has been decided.
    return { success: { username: await context.external!(authzid), authzid: undefined } }
  }
}

function plain(context: ServerContext): Stage {
  return async (message) => {
    const { authzid, username, password } = parsePlain(message)
    const name = prepareName(username)
    if (!(await context.checkPassword(name, preparePassword(password)))) throw refusal()
    return { success: { username: name, authzid } }
  }
}

function scramFirst(info: MechanismInfo, hash: ScramHash, context: ServerContext): Stage {
  return async (message, then) => {
    const client = parseClientFirst(messageText(message))
    checkFlag(client.flag, info, context)
    const username = prepareName(client.username)
    const lookup = await context.scramKeys(username, hash)
    const nonce = client.nonce + context.nonce()
    const challenge = serverFirst(nonce, lookup.keys, context.offer && offerDigest(context.offer, hash))
    then(
      scramFinal({ hash, client, username, lookup, nonce, challenge, expected: bindingInput(client, info, context) }),
    )
    return { challenge: Buffer.from(challenge) }
  }
}

/** What the last step must know of the first. */
interface ScramState {
  readonly hash: ScramHash
  readonly client: ClientFirst
  readonly username: string
  readonly lookup: ScramLookup
  readonly nonce: string
  readonly challenge: string
  /** What `c=` must hold. */
  readonly expected: Uint8Array
}

function scramFinal({ hash, client, username, lookup, nonce, challenge, expected }: ScramState): Stage {
  return (message) => {
    const final = parseClientFinal(messageText(message))
    if (!equalBytes(final.binding, expected)) throw new SaslError('not-authorized', 'The channel bindings differ.')
    if (!equalBytes(Buffer.from(final.nonce), Buffer.from(nonce))) throw refusal()
    const authMessage = `${client.bare},${challenge},${final.withoutProof}`
    const { storedKey, serverKey } = lookup.keys
    // S32: an unknown user's proof is computed like any other, and fails with the same words.
    const proved = proofMatches(hash, storedKey, final.proof, authMessage)
    if (!proved || !lookup.known) throw refusal()
    const signature = serverSignature(hash, serverKey, authMessage).toString('base64')
    return { success: { username, authzid: client.authzid, data: Buffer.from(`v=${signature}`) } }
  }
}

/** RFC 5802 §6: client and server do not agree about the binding to the channel. No password has been tried. */
export class BindingMismatch extends SaslError {
  constructor(text: string) {
    super('not-authorized', text)
  }
}

/** RFC 5802 §6: what the client says about channel binding must fit the mechanism and what the server offered. */
function checkFlag(flag: BindingFlag, { plus }: MechanismInfo, context: ServerContext): void {
  if (plus) {
    if (typeof flag === 'object' && flag.type === context.channelBinding?.type) return
    throw new BindingMismatch('The mechanism needs channel binding of an offered type.')
  }
  if (typeof flag === 'object') throw new BindingMismatch('The mechanism has no channel binding.')
  // S29: the client could have bound the channel, and somebody hid from it that the server can, too.
  if (flag === 'y' && context.plusOffered) throw new BindingMismatch('The server does support channel binding.')
}

/** RFC 5802 §5.1, `c`: the GS2 header and, for -PLUS, the channel's data. */
function bindingInput(client: ClientFirst, { plus }: MechanismInfo, context: ServerContext): Uint8Array {
  const header = Buffer.from(client.header)
  return plus ? Buffer.concat([header, context.channelBinding!.data]) : header
}

function serverFirst(nonce: string, keys: ScramKeys, digest: string | undefined): string {
  const message = `r=${nonce},s=${Buffer.from(keys.salt).toString('base64')},i=${keys.iterations}`
  return digest === undefined ? message : `${message},h=${digest}`
}

function prepareName(username: string): string {
  const prepared = saslprep(username, { query: true })
  // Nobody can have such a name, so the refusal tells nothing about anybody.
  if (!prepared) throw refusal()
  return prepared
}

/** S32: the one answer to a wrong name, a wrong password and a wrong proof. */
function refusal(): SaslError {
  return new SaslError('not-authorized')
}
