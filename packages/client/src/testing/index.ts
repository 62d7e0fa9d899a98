/** Stories and expectations for tests against a running server. */
export { type CertificateWishes, ownCertificate, TestAuthority } from './authority.ts'
export { type TestCertificate, selfSigned } from './certificate.ts'
export { announce, befriend } from './contacts.ts'
export { expect, Expectation } from './expect.ts'
export {
  type Address,
  errorStanza,
  type ErrorFields,
  iq,
  type IqFields,
  message,
  type MessageFields,
  type Pattern,
  presence,
  type PresenceFields,
  stanza,
  type StanzaFields,
} from './pattern.ts'
export { openRaw, RawConnection, type RawOptions, type RawTarget, sendPieces, streamHeader } from './raw.ts'
export { connectDevice, freshUser, optionsFor, removeUser, type TestServer, type TestUser } from './server.ts'
export { type Cast, type Devices, story, type StoryOptions, type StoryTest } from './story.ts'
