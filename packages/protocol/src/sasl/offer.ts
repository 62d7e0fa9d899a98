/** XEP-0474 0.4.0: SASL SCRAM Downgrade Protection. */
import { hash as digest } from 'node:crypto'
import { type ScramHash } from './mechanisms.ts'

/** What a server advertised before authentication began. */
export interface Offer {
  readonly mechanisms: readonly string[]
  /** Types of channel binding (XEP-0440), empty when none was advertised. */
  readonly channelBindings: readonly string[]
}

/** XEP-0474 §5: the digest that lets a client notice when somebody shortened the server's offer on its way. */
export function offerDigest(offer: Offer, hash: ScramHash): string {
  const mechanisms = offer.mechanisms.toSorted().join('\x1e')
  const bindings = offer.channelBindings.toSorted().join('\x1e')
  return digest(hash, bindings === '' ? mechanisms : `${mechanisms}\x1f${bindings}`, 'base64')
}
