/** HTTP Basic authentication (RFC 7617) of an endpoint's callers. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { type Jid, SaslError, tryJid } from '@meerkat/protocol'
import type { Kernel } from '../core/kernel.ts'
import type { Role } from './context.ts'
import { DomainPasswords } from './domain-passwords.ts'
import { RequestError } from './errors.ts'

/** A name and a password. */
export interface Credentials {
  readonly username: string
  readonly password: string
}

/** Who asks. */
export interface Caller {
  readonly role: Role
  readonly domain?: string
  readonly user?: Jid
}

/** Tells who calls by what was given; rejects with RequestError to refuse it. */
export type Recognise = (given: Credentials | undefined) => Caller | Promise<Caller>

/** Reads an `Authorization` header; undefined when there is none. Throws `request_error` (401) when it is not Basic or is malformed. */
export function readBasic(header: string | undefined): Credentials | undefined {
  if (header === undefined) return undefined
  const [scheme = '', encoded = '', ...more] = header.trim().split(/ +/)
  const decoded = Buffer.from(encoded, 'base64')
  const text = decoded.toString('utf8')
  const colon = text.indexOf(':')
  const isMalformed = scheme.toLowerCase() !== 'basic' || more.length > 0 || !isBase64(encoded) || colon < 0
  if (isMalformed) throw new RequestError(401, 'request_error', MALFORMED)
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

const MALFORMED = 'Malformed authorization header. Please consult the relevant specification'

/** Decoding skips what is no base64; so the text must be what its bytes encode to, with or without its padding. */
const isBase64 = (encoded: string): boolean =>
  withoutPadding(Buffer.from(encoded, 'base64').toString('base64')) === withoutPadding(encoded)

// Padding has at most two characters; without that bound, a header full of `=` would cost its length squared (S15).
const withoutPadding = (encoded: string): string => encoded.replace(/={1,2}$/, '')

/** The endpoint `admin`: the configured name and password; without any configured, everyone is admin (as in MongooseIM). */
export function adminCaller(wanted: Credentials | undefined): Recognise {
  if (wanted === undefined) return () => ({ role: 'admin' })
  return (given) => {
    if (given === undefined) return { role: 'unauthorised' }
    // Both are compared, so that the time tells nothing about which was wrong.
    const [nameIs, passwordIs] = [same(given.username, wanted.username), same(given.password, wanted.password)]
    if (nameIs && passwordIs) return { role: 'admin' }
    throw wrongCredentials()
  }
}

/** The endpoint `domain_admin`: `admin@DOMAIN`, with the password that was set for that domain. */
export function domainAdminCaller(kernel: Kernel): Recognise {
  const passwords = new DomainPasswords(kernel)
  return async (given) => {
    if (given === undefined) return { role: 'unauthorised' }
    const name = tryJid(given.username)
    if (name?.local !== 'admin' || name.resource !== '' || kernel.hosts.of(name.domain) === undefined)
      throw wrongCredentials()
    if (!(await passwords.check(name.domain, given.password))) throw wrongCredentials()
    return { role: 'domain_admin', domain: name.domain }
  }
}

/** The endpoint `user`: a bare JID with the password of the account, however that is kept. */
export function userCaller(kernel: Kernel): Recognise {
  return async (given) => {
    if (given === undefined) return { role: 'unauthorised' }
    const user = tryJid(given.username)
    if (user === undefined || user.local === '' || user.resource !== '') throw wrongCredentials()
    const accounts = kernel.hosts.of(user.domain)?.accounts
    if (accounts === undefined) throw wrongCredentials()
    const isRight = await accounts.checkPassword(user, given.password).catch((error: unknown) => {
      // S37: too many passwords are being looked at.
      if (!(error instanceof SaslError)) throw error
      throw new RequestError(503, 'temporarily_unavailable', 'The password cannot be checked now: try later')
    })
    if (!isRight) throw wrongCredentials()
    return { role: 'user', user }
  }
}

const wrongCredentials = (): RequestError =>
  new RequestError(401, 'wrong_credentials', 'The provided credentials are wrong')

function same(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
