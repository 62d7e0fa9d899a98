/** What an attacker in place of the client, or between both, achieves. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SaslError } from '../errors.ts'
import { channelBinding, FIRST, login, proof, refused, salt, scram, send, serverOf } from './sasl.fixture.ts'
import { clientMechanism, mechanismNames, serverMechanism, TLS_EXPORTER } from './index.ts'
import { clientKey, clientProof, saltedPassword } from './keys.ts'

describe('a server', () => {
  it('has no -PLUS without channel binding, and no mechanism that it does not know', () => {
    const context = serverOf('user', 'pencil', { channelBinding: undefined })
    assert.equal(serverMechanism('SCRAM-SHA-1-PLUS', context), undefined)
    assert.equal(serverMechanism('CRAM-MD5', context), undefined)
    assert.equal(serverMechanism('SCRAM-SHA-1', context)?.name, 'SCRAM-SHA-1')
  })

  it('S29: refuses a client that could bind the channel and was not told that the server can', async () => {
    const credentials = { username: 'user', password: 'pencil', channelBinding }
    await assert.rejects(login('SCRAM-SHA-256', credentials, serverOf('user', 'pencil')), refused('not-authorized'))
    const without = serverOf('user', 'pencil', { plusOffered: false })
    assert.equal((await login('SCRAM-SHA-256', credentials, without)).username, 'user')
  })

  it('S30: binds by tls-exporter only, and to this very channel', async () => {
    const plus = () => scram({}, 'SCRAM-SHA-256-PLUS')
    for (const flag of ['p=tls-unique', 'p=tls-server-end-point', 'n', 'y']) {
      await assert.rejects(send(plus(), `${flag},,n=user,r=0123456789abcdef`), refused('not-authorized'))
    }
    await assert.rejects(send(scram(), `p=${TLS_EXPORTER},,n=user,r=0123456789abcdef`), refused('not-authorized'))
    const other = serverOf('user', 'pencil', { channelBinding: { type: TLS_EXPORTER, data: randomBytes(32) } })
    await assert.rejects(
      login('SCRAM-SHA-256-PLUS', { username: 'user', password: 'pencil' }, other),
      refused('not-authorized', 'The channel bindings differ.'),
    )
  })

  it('S31: refuses short nonces and wrong GS2 headers', async () => {
    const wrong = ['n,,n=user,r=short', 'x,,n=user,r=0123456789abcdef', 'p=,,n=user,r=0123456789abcdef']
    for (const first of [...wrong, 'n,user,n=user,r=0123456789abcdef', 'n,a=,n=user,r=0123456789abcdef']) {
      await assert.rejects(send(scram(), first), refused('not-authorized'), first)
    }
  })

  it('S31: refuses reused, cut and foreign nonces', async () => {
    for (const nonce of ['0123456789abcdef', '{nonce}x', 'fedcba9876543210']) {
      await assert.rejects(send(scram(), FIRST, `c=biws,r=${nonce},p=${proof}`), refused('not-authorized'), nonce)
    }
    // What was proved in one exchange proves nothing in the next.
    const client = clientMechanism('SCRAM-SHA-256', { username: 'user', password: 'pencil', minIterations: 1 })
    const first = await scram().step(client.initial())
    assert.ok('challenge' in first)
    const final = await client.respond(first.challenge)
    await assert.rejects(send(scram(), client.initial(), final), refused('not-authorized'))
  })

  it('S31: refuses proofs of any wrong length without another exception', async () => {
    for (const length of [1, 20, 31, 32, 33, 64, 1000]) {
      const text = `c=biws,r={nonce},p=${Buffer.alloc(length).toString('base64')}`
      await assert.rejects(send(scram(), FIRST, text), refused('not-authorized'), String(length))
    }
  })

  it('S31: refuses a c= that is not the GS2 header of before', async () => {
    await assert.rejects(send(scram(), FIRST, `c=eSws,r={nonce},p=${proof}`), refused('not-authorized'))
    await assert.rejects(send(scram(), FIRST, `c=AAAA,r={nonce},p=${proof}`), refused('not-authorized'))
  })

  it('RFC 5802 §7: refuses whatever is no SCRAM message', async () => {
    const firsts = [
      'n',
      'n,,',
      'n,,n=user',
      'n,,r=0123456789abcdef,n=user',
      'n,,n=,r=0123456789abcdef',
      'n,,n=us=er,r=0123456789abcdef',
      'n,,n=user=2c,r=0123456789abcdef',
      'n,,n=user,r=0123456789 abcdef',
      'n,,n=user,r=0123456789abcdéf',
      'n,,n=user,r=0123456789abcdef,',
      'n,,n=user,r=0123456789abcdef,1=x',
      'n,,n=user\0,r=0123456789abcdef',
    ]
    for (const first of firsts) await assert.rejects(send(scram(), first), refused('malformed-request'), first)
    const finals = [
      '',
      'c=biws',
      'c=biws,r={nonce}',
      `r={nonce},c=biws,p=${proof}`,
      'c=biws,r={nonce},p=?',
      'c=biw,r={nonce},p=AAAA',
    ]
    for (const final of finals) await assert.rejects(send(scram(), FIRST, final), refused('malformed-request'), final)
    await assert.rejects(send(scram(), Buffer.from([0x6e, 0x2c, 0x2c, 0xff])), refused('malformed-request'))
  })

  it('RFC 5802 §5.1: refuses mandatory extensions and ignores optional ones', async () => {
    await assert.rejects(send(scram(), 'n,,m=x,n=user,r=0123456789abcdef'), refused('malformed-request'))
    await assert.rejects(send(scram(), FIRST, `c=biws,r={nonce},m=x,p=${proof}`), refused('malformed-request'))
    assert.ok('challenge' in (await send(scram(), `${FIRST},x=optional`))!)
  })

  it('S37: reads no message of a megabyte, and asks nobody about it', async () => {
    const nobody = () => Promise.reject(new Error('asked'))
    const context = { scramKeys: nobody, checkPassword: nobody }
    const long = 'x'.repeat(1_000_000)
    await assert.rejects(send(scram(context, 'PLAIN'), `\0user\0${long}`), refused('malformed-request'))
    await assert.rejects(send(scram(context), `n,,n=${long},r=0123456789abcdef`), refused('malformed-request'))
  })

  it('RFC 4616 §2: refuses whatever is no PLAIN message', async () => {
    for (const message of ['user', '\0user', '\0\0pencil', '\0user\0', '\0user\0pencil\0', '\0user\0pen\0cil']) {
      await assert.rejects(send(scram({}, 'PLAIN'), message), refused('malformed-request'), JSON.stringify(message))
    }
  })

  it('gives no second try within one exchange', async () => {
    const server = scram()
    const client = clientMechanism('SCRAM-SHA-256', { username: 'user', password: 'pencil', minIterations: 1 })
    const first = await server.step(client.initial())
    assert.ok('challenge' in first)
    const right = await client.respond(first.challenge)
    await assert.rejects(send(server, `c=biws,r=0123456789abcdef,p=${proof}`), refused('not-authorized'))
    assert.throws(() => server.step(right), refused('malformed-request', 'The exchange is over.'))
  })

  it('S31: refuses a proof of the right password over another nonce', async () => {
    const final = async (suffix: string) => {
      const server = scram({ nonce: () => 'xyz' })
      const first = await server.step(Buffer.from(FIRST))
      assert.ok('challenge' in first)
      const withoutProof = `c=biws,r=0123456789abcdefxyz${suffix}`
      const authMessage = `${FIRST.slice(3)},${Buffer.from(first.challenge).toString()},${withoutProof}`
      const key = clientKey('sha256', await saltedPassword('pencil', 'sha256', salt, 2))
      return send(server, `${withoutProof},p=${clientProof('sha256', key, authMessage).toString('base64')}`)
    }
    assert.ok('success' in (await final(''))!)
    await assert.rejects(final('z'), refused('not-authorized'))
  })

  it('never throws anything but SaslError, whatever bytes come', async () => {
    const piece = fc.constantFrom(
      'n',
      'y',
      'p=',
      ',',
      'n=',
      'r=',
      'c=',
      'p=',
      'm=',
      'a=',
      '=2C',
      '=',
      'biws',
      '\0',
      '0123456789',
    )
    const message = fc.array(fc.oneof(piece, fc.string()), { minLength: 1 }).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...mechanismNames), fc.boolean(), message, async (name, started, text) => {
        const attempt = send(scram({}, name), ...(started && name === 'SCRAM-SHA-256' ? [FIRST] : []), text)
        const error: unknown = await attempt.then(
          () => undefined,
          (reason: unknown) => reason,
        )
        assert.ok(error === undefined || error instanceof SaslError, String(error))
      }),
    )
  })
})
