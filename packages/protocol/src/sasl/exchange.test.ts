/** Both sides against each other. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SaslError } from '../errors.ts'
import { saslprep } from '../prep/profiles.ts'
import { login, refused, scram, serverOf } from './sasl.fixture.ts'
import { clientMechanism, mechanismNames } from './index.ts'

describe('both sides of every mechanism', () => {
  for (const name of mechanismNames) {
    it(`${name}: agree on whoever knows the password`, async () => {
      const { data, ...success } = await login(
        name,
        { username: 'user', password: 'pencil' },
        serverOf('user', 'pencil'),
      )
      assert.deepEqual(success, { username: 'user', authzid: undefined })
      assert.equal(data === undefined, name === 'PLAIN')
    })

    it(`${name}: S32: refuse a wrong password and an unknown user in the same words`, async () => {
      for (const credentials of [
        { username: 'user', password: 'Pencil' },
        { username: 'nobody', password: 'pencil' },
      ]) {
        await assert.rejects(login(name, credentials, serverOf('user', 'pencil')), (error) => {
          assert.deepEqual((error as SaslError).toElement(), new SaslError('not-authorized').toElement())
          return true
        })
      }
    })
  }

  it('agree whatever the user name, password and authzid', async () => {
    // XML cannot carry it, PLAIN uses it as separator, SASLprep forbids it: no NUL.
    const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => Boolean(saslprep(text)))
    const address = fc.option(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\0')),
      { nil: undefined },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...mechanismNames),
        word,
        word,
        address,
        async (name, username, password, authzid) => {
          const prepared = saslprep(username)!
          const success = await login(name, { username, password, authzid }, serverOf(prepared, saslprep(password)!))
          assert.equal(success.username, prepared)
          assert.equal(success.authzid, authzid)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('RFC 5802 §5.1: carry "=" and "," in names as =3D and =2C', async () => {
    const client = clientMechanism('SCRAM-SHA-1', { username: 'a=b,c', password: 'x', authzid: 'd,e=f' })
    assert.match(Buffer.from(client.initial()).toString(), /^n,a=d=2Ce=3Df,n=a=3Db=2Cc,r=/)
    const success = await login('SCRAM-SHA-1', { username: 'a=b,c', password: 'x' }, serverOf('a=b,c', 'x'))
    assert.equal(success.username, 'a=b,c')
  })

  it('S28: the authzid is handed on, and the name is the one that was proved', async () => {
    for (const name of ['PLAIN', 'SCRAM-SHA-256']) {
      const success = await login(
        name,
        { username: 'user', password: 'pencil', authzid: 'admin@host' },
        serverOf('user', 'pencil'),
      )
      assert.equal(success.username, 'user')
      assert.equal(success.authzid, 'admin@host')
    }
  })

  it('RFC 4422 §3.3: begin with an empty challenge when there is no initial response', async () => {
    const server = scram({}, 'PLAIN')
    assert.deepEqual(await server.step(new Uint8Array(0)), { challenge: new Uint8Array(0) })
    assert.deepEqual(await server.step(Buffer.from('\0user\0pencil')), {
      success: { username: 'user', authzid: undefined },
    })
    const again = scram()
    await again.step(new Uint8Array(0))
    await assert.rejects(async () => again.step(new Uint8Array(0)), refused('malformed-request'))
  })
})
