/** Stanzas of other servers on their way in (RFC 6120 §8.1). */
import { StanzaError, StreamError, errorReply, isRequest, mayBounce, payload, tryJid } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { IncomingStream } from './incoming.ts'

/** Hands a stanza to the router; the next one waits for a returned promise. Throws StreamError for one that must end the stream. */
export function receiveStanza(stream: IncomingStream, stanza: Element): void | Promise<void> {
  const { federation, kernel, counter } = stream
  const [sentBy, sentTo] = [stanza.attr('from'), stanza.attr('to')]
  const [from, to] = [tryJid(sentBy), tryJid(sentTo)]
  const sender = from === undefined ? domainPart(sentBy) : from.domain
  const recipient = to === undefined ? domainPart(sentTo) : to.domain
  // RFC 6120 §4.9.3.7: an address is missing, or has no domain
  if (sender === undefined || recipient === undefined) throw new StreamError('improper-addressing')
  // S74, RFC 6120 §8.1.2.2: only from domains that were shown on this stream, to the domains they were shown to
  if (!stream.mayCome(sender, recipient)) {
    if (!federation.isOurs(recipient)) throw new StreamError('host-unknown')
    throw new StreamError('invalid-from')
  }
  // One user's address does not cost all others of the domain their stream.
  if (from === undefined) return dropped(stream)
  const problem = to === undefined ? 'jid-malformed' : isProper(stanza) ? undefined : 'bad-request'
  if (problem === undefined) return kernel.router.enter(stanza, from, to!, 's2s', counter)
  dropped(stream)
  if (!mayBounce(stanza) || stanza.attr('type') === 'result') return
  const server = tryJid(recipient)!
  const reply = errorReply(stanza, new StanzaError('modify', problem)).with({ from: server, to: from })
  return kernel.router.enter(reply, server, from, 'server')
}

/** A stanza goes nowhere; that is handled, too. */
function dropped({ kernel, counter }: IncomingStream): void {
  kernel.counters.s2sDropped++
  counter?.count(undefined)
}

/** The prepared domain of an address whose other parts cannot be read. */
function domainPart(address: string | undefined): string | undefined {
  if (address === undefined) return undefined
  const bare = address.split('/', 1)[0]!
  return tryJid(bare.slice(bare.indexOf('@') + 1))?.domain
}

/** RFC 6120 §8.2.3: an IQ has an id and one of four types; a request has one child (S58). */
function isProper(stanza: Element): boolean {
  if (stanza.name !== 'iq') return true
  const type = stanza.attr('type')
  if (stanza.attr('id') === undefined) return false
  return isRequest(stanza) ? payload(stanza) !== undefined : type === 'result' || type === 'error'
}
