/** Where the examples of specifications are that are not played as scripts here. */

/** Files with them, from the root; each names its specification. */
export const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  'RFC 5802': ['packages/protocol/src/sasl/vectors.test.ts'],
  'RFC 6120': ['e2e/examples.test.ts', 'e2e/bind.test.ts', 'packages/protocol/src/errors.test.ts'],
  'RFC 6122': ['packages/protocol/src/jid.test.ts'],
  'RFC 7395': ['e2e/examples.test.ts'],
  'RFC 7677': ['packages/protocol/src/sasl/vectors.test.ts'],
  'XEP-0082': ['packages/protocol/src/datetime.test.ts'],
  'XEP-0114': ['packages/protocol/src/component.test.ts'],
  'XEP-0124': ['e2e/examples-bosh.test.ts'],
  'XEP-0156': ['e2e/examples.test.ts'],
  'XEP-0185': ['packages/protocol/src/dialback.test.ts'],
  'XEP-0203': ['packages/protocol/src/examples/xep-0203.fixture.ts'],
  'XEP-0206': ['e2e/examples-bosh.test.ts'],
  'XEP-0313': ['packages/server/src/modules/mam/examples.test.ts'],
  'XEP-0359': ['packages/server/src/modules/mam/examples.test.ts'],
  'XEP-0390': ['packages/protocol/src/caps.test.ts'],
  'XEP-0424': ['packages/server/src/modules/mam/examples.test.ts'],
  'XEP-0440': ['e2e/examples.test.ts'],
  'XEP-0441': ['packages/server/src/modules/mam/examples.test.ts'],
}

/** Why there are none. */
export const WITHOUT: Readonly<Record<string, string>> = {
  'RFC 4422': 'it has none of EXTERNAL in XMPP; protocol/src/sasl/external.test.ts has the messages',
  'RFC 4616': 'its examples are of another protocol; protocol/src/sasl/server.test.ts has messages of its own',
  'RFC 6455': 'frames are the affair of the package ws',
  'RFC 7590': 'it has none that are stanzas',
  'RFC 9266': 'it has none',
  'RFC 9525': 'its names are no certificates; listeners/s2s/certificate-names.test.ts makes some',
  'XEP-0059': 'its examples page through a search with fields of their own; those of XEP-0313 and XEP-0060 have pages',
  'XEP-0170': 'it has none',
  'XEP-0178':
    'its examples need certificates; e2e/external.test.ts and e2e/federation.test.ts make some and take the same steps',
  'XEP-0220': 'its examples are between two servers; e2e/federation.test.ts takes the same steps with keys of its own',
  'XEP-0277': 'posts are items like others here: those of XEP-0060 and XEP-0163',
  'XEP-0300': 'what clients say to each other; protocol/src/caps.test.ts has the hashes',
  'XEP-0368': 'it has none',
  'XEP-0384': 'devices and bundles are items like others here: those of XEP-0163; the rest is between clients',
  'XEP-0431': 'it has none; modules/mam/searching.test.ts has queries',
  'XEP-0474': 'its example needs the nonces of its server; protocol/src/sasl/offer.test.ts has its digests',
}
