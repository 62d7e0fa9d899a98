/** XEP-0220 1.1.1: Server Dialback, and the keys of XEP-0185 1.0. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { type Element, escapeText, serialize, tag } from '@meerkat/xml'
import { CLIENT_NS } from './namespaces.ts'

/** The content namespace of streams between servers (RFC 6120 §4.8.2). */
export const SERVER_NS = 'jabber:server'
export const DIALBACK_NS = 'jabber:server:dialback'

/** Asserts a domain, and answers whether that was right. */
export const DialbackResult = tag(DIALBACK_NS, 'result')
/** Asks an authoritative server for a key, and answers. */
export const DialbackVerify = tag(DIALBACK_NS, 'verify')

/** The stream feature, and what it says about errors. */
export const DialbackFeature = tag('urn:xmpp:features:dialback', 'dialback')
export const DialbackErrors = tag('urn:xmpp:features:dialback', 'errors')

/** What one dialback is about: the stream that `originating` has opened to `receiving`. */
export interface DialbackClaim {
  readonly receiving: string
  readonly originating: string
  readonly streamId: string
}

/**
 * XEP-0185 §3: the key by which the servers of one domain, which share `secret`, know that they have asserted a claim. Domains hold no space, and the id is
 * the last of the three: no two claims give the same text (S72).
 */
export function dialbackKey(secret: string | Buffer, { receiving, originating, streamId }: DialbackClaim): string {
  const hashed = createHash('sha256').update(secret).digest('hex')
  return createHmac('sha256', hashed).update(`${receiving} ${originating} ${streamId}`).digest('hex')
}

/** Whether `key` is the key of a claim; takes as long whatever the key is. */
export function isDialbackKey(key: string, secret: string | Buffer, claim: DialbackClaim): boolean {
  const right = Buffer.from(dialbackKey(secret, claim))
  const given = Buffer.from(key)
  return given.length === right.length && timingSafeEqual(given, right)
}

/** The text of a dialback element in a stream whose root binds the prefix `db`: servers that read no namespaces know it by that prefix alone. */
export function serializeDialback(element: Element): string {
  const start = serialize(element.withChildren([]), DIALBACK_NS).replace(/^</, '<db:')
  if (element.children.length === 0) return start
  // What is inside stands in the namespace of the stream, as everything without a prefix does.
  const inner = element.children.map((node) =>
    typeof node === 'string' ? escapeText(node) : serialize(node, CLIENT_NS),
  )
  return `${start.slice(0, -2)}>${inner.join('')}</db:${element.name}>`
}
