/** What an attacker in place of the server, or between both, achieves. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { login, proof, refused, scram, serverOf } from './sasl.fixture.ts'
import { clientMechanism, type Credentials, TLS_EXPORTER } from './index.ts'

describe('a client', () => {
  const client = (changes: Partial<Credentials> = {}) =>
    clientMechanism('SCRAM-SHA-256', {
      username: 'user',
      password: 'pencil',
      nonce: () => '0123456789abcdef',
      ...changes,
    })
  const challenge = (text: string) => Buffer.from(text)
  const answer = async (text: string, changes: Partial<Credentials> = {}) => client(changes).respond(challenge(text))

  it('refuses names and passwords that SASLprep forbids, and -PLUS without a channel', () => {
    assert.throws(() => client({ username: '\u0007' }), refused('malformed-request'))
    assert.throws(() => client({ password: '' }), refused('malformed-request'))
    assert.throws(
      () => clientMechanism('SCRAM-SHA-1-PLUS', { username: 'a', password: 'b' }),
      refused('invalid-mechanism'),
    )
    assert.throws(() => clientMechanism('toString', { username: 'a', password: 'b' }), refused('invalid-mechanism'))
  })

  it('RFC 5802 §5.1: refuses a nonce that does not continue its own, and mandatory extensions', async () => {
    await assert.rejects(answer('r=fedcba9876543210xyz,s=QSXCR+Q6sek8bf92,i=4096'), refused('aborted'))
    await assert.rejects(answer('r=0123456789abcdef,s=QSXCR+Q6sek8bf92,i=4096'), refused('aborted'))
    await assert.rejects(answer('m=x,r=0123456789abcdefxyz,s=QSXCR+Q6sek8bf92,i=4096'), refused('malformed-request'))
    await assert.rejects(answer('r=0123456789abcdefxyz,s=?,i=4096'), refused('malformed-request'))
  })

  it('S37: computes neither too few nor too many iterations', async () => {
    const asks = (count: string) => `r=0123456789abcdefxyz,s=QSXCR+Q6sek8bf92,i=${count}`
    for (const count of ['1', '4095', '2147483647'])
      await assert.rejects(answer(asks(count)), refused('aborted'), count)
    for (const count of ['0', '-1', '1e4', '99999999999']) {
      await assert.rejects(answer(asks(count)), refused('malformed-request'), count)
    }
    assert.ok((await answer(asks('1'), { minIterations: 1 })).length > 0)
  })

  it('RFC 5802 §3: believes only a server that knows the user', async () => {
    const fresh = client()
    assert.throws(() => fresh.finish(Buffer.from('v=AAAA')), refused('aborted'))
    await fresh.respond(challenge('r=0123456789abcdefxyz,s=QSXCR+Q6sek8bf92,i=4096'))
    for (const data of [undefined, '', 'v=', 'v=AAAA', 'e=other-error', `v=${proof}`]) {
      assert.throws(() => fresh.finish(data === undefined ? undefined : Buffer.from(data)), refused('aborted'))
    }
  })

  it('RFC 4422 §3.6: takes the server signature in a challenge of its own, too', async () => {
    const server = scram()
    const user = client({ minIterations: 1 })
    const first = await server.step(user.initial())
    assert.ok('challenge' in first)
    const last = await server.step(await user.respond(first.challenge))
    assert.ok('success' in last)
    assert.deepEqual(await user.respond(last.success.data!), new Uint8Array(0))
    user.finish(undefined)
  })

  it('S29: XEP-0474 §5: notices that the offer was cut', async () => {
    const offer = { mechanisms: ['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS', 'PLAIN'], channelBindings: [TLS_EXPORTER] }
    const context = serverOf('user', 'pencil', { offer, plusOffered: true })
    const credentials = { username: 'user', password: 'pencil' }

    assert.equal((await login('SCRAM-SHA-256', { ...credentials, offer }, context)).username, 'user')
    const reordered = { ...offer, mechanisms: offer.mechanisms.toReversed() }
    assert.equal((await login('SCRAM-SHA-256', { ...credentials, offer: reordered }, context)).username, 'user')
    for (const cut of [
      { ...offer, mechanisms: ['SCRAM-SHA-256', 'PLAIN'] },
      { ...offer, channelBindings: [] },
    ]) {
      await assert.rejects(login('SCRAM-SHA-256', { ...credentials, offer: cut }, context), refused('aborted'))
    }
  })
})
