/** SASL: PLAIN, EXTERNAL and SCRAM, both sides, as pure message maths (RFC 4422, RFC 4616, RFC 5802, RFC 7677, RFC 9266, XEP-0474). */
export { type ClientMechanism, clientMechanism, type Credentials, randomNonce } from './client.ts'
export { decodeBase64, MAX_MESSAGE } from './encoding.ts'
export { equalBytes, fakeScramKeys, scramKeys, type ScramKeys, verifyPassword } from './keys.ts'
export {
  type ChoiceLimits,
  chooseMechanism,
  EXTERNAL,
  mechanismByConfigName,
  type MechanismInfo,
  mechanismInfo,
  mechanismNames,
  type ScramHash,
  scramHashes,
} from './mechanisms.ts'
export { TLS_EXPORTER } from './messages.ts'
export { type Offer } from './offer.ts'
export { formatMultiScram, isScramText, parseMultiScram, type ScramRecord } from './record.ts'
export {
  BindingMismatch,
  type ChannelBinding,
  type SaslSuccess,
  type ScramLookup,
  type ServerContext,
  serverMechanism,
  type ServerMechanism,
  type Step,
} from './server.ts'
