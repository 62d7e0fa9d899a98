/** One SASL exchange of a client with the accounts of its host (RFC 6120 §6.4). */
import { Challenge, type Jid, SaslError, Success, makeJid, tryJid } from '@meerkat/protocol'
import {
  EXTERNAL,
  type ScramHash,
  type ScramLookup,
  type ServerMechanism,
  TLS_EXPORTER,
  decodeBase64,
  fakeScramKeys,
  mechanismInfo,
  serverMechanism,
} from '@meerkat/protocol/sasl'
import { type Element, text } from '@meerkat/xml'
import type { Accounts } from '../../core/accounts.ts'
import type { Host } from '../../core/host.ts'
import { randomText } from '../../core/random.ts'
import { certifiedUser } from './external.ts'
import type { ClientStream } from './stream.ts'

/** Runs a mechanism against a host's accounts. */
export class SaslExchange {
  /** The name of the mechanism. */
  readonly name: string
  readonly #stream: ClientStream
  readonly #host: Host
  readonly #accounts: Accounts
  readonly #mechanism: ServerMechanism
  #account: Jid | undefined

  /** `offered` are the mechanisms that this connection was offered; `name` is one of them. */
  constructor(stream: ClientStream, host: Host, accounts: Accounts, name: string, offered: readonly string[]) {
    this.name = name
    this.#stream = stream
    this.#host = host
    this.#accounts = accounts
    const plusOffered = offered.some((other) => mechanismInfo(other)?.plus === true)
    const mechanism = serverMechanism(name, {
      scramKeys: (username, hash) => this.#keys(username, hash),
      checkPassword: (username, password) => this.#check(username, password),
      external: (authzid) => this.#certified(authzid),
      channelBinding: stream.channelBinding(),
      plusOffered,
      // S29, XEP-0474: the client can verify that it saw the offer that was made
      offer: { mechanisms: offered, channelBindings: plusOffered ? [TLS_EXPORTER] : [] },
      nonce: () => randomText(18, 'base64'),
    })
    if (mechanism === undefined) throw new SaslError('invalid-mechanism')
    this.#mechanism = mechanism
  }

  /** Whose password was tried. */
  get account(): Jid | undefined {
    return this.#account
  }

  /** Takes `<auth/>` or `<response/>`; the user's bare JID when the exchange has succeeded. Throws SaslError. */
  async step(message: Element): Promise<Jid | undefined> {
    const answer = await this.#mechanism.step(decode(message))
    if ('challenge' in answer) {
      this.#stream.send(Challenge({}, encode(answer.challenge)))
      return undefined
    }
    const { username, authzid, data } = answer.success
    const user = this.#user(username)
    if (user === undefined) throw new SaslError('not-authorized')
    // S28: a client acts as nobody but itself
    if (authzid !== undefined && authzid !== '' && !tryJid(authzid)?.equals(user))
      throw new SaslError('invalid-authzid')
    if (this.#host.access(this.#stream.options.access, user, user.domain) === 'deny')
      throw new SaslError('not-authorized')
    this.#stream.trust(user)
    this.#stream.send(Success({}, data === undefined ? undefined : encode(data)))
    return user
  }

  /** Whom the client's certificate stands for, among the accounts of methods that take certificates. */
  async #certified(authzid: string): Promise<string> {
    const certificate = this.#stream.certificate()
    if (certificate === undefined) throw new SaslError('not-authorized')
    const rules = this.#stream.options.external(this.#host.type)
    const user = certifiedUser({ certificate, authzid, domain: this.#stream.domain! }, rules)
    const methods = this.#accounts.methods.filter(({ mechanisms }) => mechanisms.includes(EXTERNAL))
    const found = await this.#accounts.only(methods.map(({ name }) => name)).exists(user)
    if (!found) throw new SaslError('not-authorized')
    return user.local
  }

  #user(username: string): Jid | undefined {
    try {
      return makeJid(username, this.#stream.domain!)
    } catch {
      return undefined
    }
  }

  async #keys(username: string, hash: ScramHash): Promise<ScramLookup> {
    const user = (this.#account = this.#user(username))
    const credentials = user === undefined ? undefined : await this.#accounts.credentials(user)
    const keys = await credentials?.scram(hash)
    if (keys !== undefined) return { keys, known: true }
    // S32: as many as anybody has whose password was set under the present configuration
    const iterations = this.#stream.options.scramIterations(this.#host.type)
    return {
      // the same after a restart and on every node: a salt that changes would tell as much
      keys: fakeScramKeys(this.#stream.kernel.secret, `${username}@${this.#stream.domain}`, hash, iterations),
      known: false,
    }
  }

  async #check(username: string, password: string): Promise<boolean> {
    const user = (this.#account = this.#user(username))
    return user !== undefined && (await this.#accounts.checkPassword(user, password))
  }
}

/** RFC 6120 §6.4.2: `=` stands for a message of no bytes. */
function decode(element: Element): Uint8Array {
  const words = text(element)
  if (words === '' || words === '=') return new Uint8Array(0)
  const bytes = decodeBase64(words)
  if (bytes === undefined) throw new SaslError('incorrect-encoding')
  return bytes
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
