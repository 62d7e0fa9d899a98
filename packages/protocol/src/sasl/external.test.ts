import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SaslError } from '../errors.ts'
import { login, refused, send, serverOf } from './sasl.fixture.ts'
import { chooseMechanism, clientMechanism, EXTERNAL, mechanismByConfigName, serverMechanism } from './index.ts'

const nobody = { username: '', password: '' }

/** A server that lets in whoever asks for `romeo@localhost`, or for nobody. */
const context = serverOf('user', 'pencil', {
  external: (authzid) => {
    if (authzid !== '' && authzid !== 'romeo@localhost') throw new SaslError('invalid-authzid')
    return 'romeo'
  },
})
const server = () => serverMechanism(EXTERNAL, context)!

describe('EXTERNAL', () => {
  it('RFC 4422 §A.1: is one message, whom to act as, or nothing', async () => {
    for (const authzid of [undefined, 'romeo@localhost'])
      assert.deepEqual(await login(EXTERNAL, { ...nobody, authzid }, context), {
        username: 'romeo',
        authzid: undefined,
      })
    assert.equal(clientMechanism(EXTERNAL, nobody).initial().length, 0)
  })

  it('S28: asks who may act as whom, and tells no more than the condition', async () => {
    await assert.rejects(
      login(EXTERNAL, { ...nobody, authzid: 'juliet@localhost' }, context),
      refused('invalid-authzid'),
    )
  })

  it('S31: refuses what is no identity, and a second message', async () => {
    await assert.rejects(send(server(), Buffer.from('ff', 'hex')), refused('malformed-request'))
    await assert.rejects(send(server(), 'romeo@localhost\0'), refused('malformed-request'))
    await assert.rejects(send(server(), 'x'.repeat(10_000)), refused('malformed-request'))
    await assert.rejects(send(server(), '', ''), refused('malformed-request', 'The exchange is over.'))
  })

  it('is there only where the server looks at certificates', () => {
    assert.equal(serverMechanism(EXTERNAL, serverOf('user', 'pencil')), undefined)
    assert.equal(mechanismByConfigName('external')?.name, EXTERNAL)
  })

  it('RFC 6120 §6.3.4: is the choice of a client that has a certificate, where it is offered', () => {
    const limits = { channelBinding: true, tls: true }
    const offered = ['SCRAM-SHA-1-PLUS', EXTERNAL]
    assert.equal(chooseMechanism(offered, { ...limits, certificate: true }), EXTERNAL)
    assert.equal(chooseMechanism(offered, limits), 'SCRAM-SHA-1-PLUS')
    assert.equal(chooseMechanism(['PLAIN'], { ...limits, certificate: true }), 'PLAIN')
  })
})
