/** The exchanges that the specifications print, through both sides. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clientMechanism, type ScramHash, scramKeys, serverMechanism } from './index.ts'

interface Vector {
  readonly section: string
  readonly name: string
  readonly hash: ScramHash
  readonly clientNonce: string
  readonly serverNonce: string
  readonly salt: string
  readonly messages: readonly [clientFirst: string, serverFirst: string, clientFinal: string, serverFinal: string]
}

const vectors: readonly Vector[] = [
  {
    section: 'RFC 5802 §5',
    name: 'SCRAM-SHA-1',
    hash: 'sha1',
    clientNonce: 'fyko+d2lbbFgONRv9qkxdawL',
    serverNonce: '3rfcNHYJY1ZVvWVs7j',
    salt: 'QSXCR+Q6sek8bf92',
    messages: [
      'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
      'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
      'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    ],
  },
  {
    section: 'RFC 7677 §3',
    name: 'SCRAM-SHA-256',
    hash: 'sha256',
    clientNonce: 'rOprNGfwEbeRWgbNEkqO',
    serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    messages: [
      'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    ],
  },
]

for (const { section, name, hash, clientNonce, serverNonce, salt, messages } of vectors) {
  describe(`${section}: the example of ${name}`, () => {
    it('is what the client says and believes', async () => {
      const client = clientMechanism(name, { username: 'user', password: 'pencil', nonce: () => clientNonce })

      assert.equal(Buffer.from(client.initial()).toString(), messages[0])
      assert.equal(Buffer.from(await client.respond(Buffer.from(messages[1]))).toString(), messages[2])
      client.finish(Buffer.from(messages[3]))
    })

    it('is what the server says and believes', async () => {
      const keys = await scramKeys('pencil', hash, Buffer.from(salt, 'base64'), 4096)
      const server = serverMechanism(name, {
        scramKeys: () => Promise.resolve({ keys, known: true }),
        checkPassword: () => Promise.resolve(false),
        plusOffered: false,
        nonce: () => serverNonce,
      })!

      assert.deepEqual(await server.step(Buffer.from(messages[0])), { challenge: Buffer.from(messages[1]) })
      assert.deepEqual(await server.step(Buffer.from(messages[2])), {
        success: { username: 'user', authzid: undefined, data: Buffer.from(messages[3]) },
      })
    })
  })
}
