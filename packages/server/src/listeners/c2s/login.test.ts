/** Guessing passwords (S36), over sockets and with a clock that the test moves. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { test } from 'node:test'
import { type Story, settle, story } from '../../testing/story.ts'
import { C2sListener } from './listener.ts'
import { type C2sOptions, c2sOptions } from './options.ts'

const HEADER =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.com' version='1.0'>"
const REFUSED = '<not-authorized/></failure>'
const WAIT = '<temporary-auth-failure/></failure>'

/** A client that says things and waits for answers. */
class Guesser {
  readonly #socket: Socket
  #heard = ''

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.setEncoding('utf8').on('data', (text: string) => (this.#heard += text))
    this.#socket.write(HEADER)
  }

  get heard(): string {
    return this.#heard
  }

  guess(user: string, password: string): void {
    const message = Buffer.from(`\0${user}\0${password}`).toString('base64')
    this.#socket.write(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${message}</auth>`)
  }

  /** Takes what was heard up to and with `words`. */
  async hears(words: string): Promise<void> {
    while (!this.#heard.includes(words)) await once(this.#socket, 'data')
    this.#heard = this.#heard.slice(this.#heard.indexOf(words) + words.length)
  }

  end(): void {
    this.#socket.destroy()
  }
}

/** A server with juliet's account, and guessers that go with the test. */
async function verona(t: Parameters<typeof story>[0], changes: Partial<C2sOptions> = {}) {
  const scene = await story(t, { modules: [], absent: ['juliet'] })
  const options = c2sOptions(0, { allowPlainWithoutTls: true, authAttempts: 50, authTimeoutMs: 1e6, ...changes })
  const listener = new C2sListener(scene.kernel, options)
  const port = await listener.listen()
  const guessers: Guesser[] = []
  t.after(async () => {
    for (const guesser of guessers) guesser.end()
    await listener.close()
  })
  const come = async (): Promise<Guesser> => {
    const guesser = new Guesser(port)
    guessers.push(guesser)
    await guesser.hears('</stream:features>')
    return guesser
  }
  return { scene, come }
}

/** Resolves when so many logins have failed since. */
async function failures(scene: Story, count: number): Promise<void> {
  while (scene.host.accounts.counters.authorize.count < count) await settle()
  await settle()
}

test('S36: a failure is answered late after others; only that stream waits, and the right password gets in at once', async (t) => {
  const { scene, come } = await verona(t)
  const attacker = await come()
  attacker.guess('juliet', 'wrong')
  await attacker.hears(REFUSED)
  attacker.guess('juliet', 'wrong')
  await failures(scene, 2)
  assert.equal(attacker.heard, '', 'the second answer waits')
  const owner = await come()
  owner.guess('juliet', 'secret')
  await owner.hears('<success')
  assert.equal(attacker.heard.includes(REFUSED), false)
  await scene.wait(1)
  await attacker.hears(REFUSED)
})

test('S36: what failed before a success delays nobody who mistypes after it', async (t) => {
  const { scene, come } = await verona(t)
  const owner = await come()
  owner.guess('juliet', 'wrong')
  await owner.hears(REFUSED)
  owner.guess('juliet', 'secret')
  await owner.hears('<success')
  const again = await come()
  again.guess('juliet', 'wrong')
  await again.hears(REFUSED)
  assert.equal(scene.host.counters.authFailures, 2)
})

test('S36: an address that fails too often is not let try, right or wrong, until that is forgiven', async (t) => {
  const { scene, come } = await verona(t, { maxFailuresPerIp: 3 })
  for (const user of ['romeo', 'nurse', 'tybalt']) {
    const attacker = await come()
    attacker.guess(user, 'wrong')
    await attacker.hears(REFUSED)
  }
  const client = await come()
  client.guess('juliet', 'secret')
  await client.hears(WAIT)
  assert.equal(scene.kernel.counters.loginsRefused, 1)
  assert.equal(scene.host.accounts.counters.checkPassword.count, 3, 'the password was not looked at')
  await scene.wait(10)
  client.guess('juliet', 'secret')
  await client.hears('<success')
})

test('S36: behind a proxy, what fails is held against accounts, and not against everybody', async (t) => {
  const { scene, come } = await verona(t, { sharedAddress: true, maxFailuresPerIp: 3 })
  const attacker = await come()
  for (let i = 0; i < 20; i++) {
    attacker.guess(`user${i}`, 'wrong')
    await attacker.hears(REFUSED)
  }
  attacker.guess('user0', 'wrong')
  await failures(scene, 21)
  assert.equal(attacker.heard, '', 'the second answer for this account waits')
  const owner = await come()
  owner.guess('juliet', 'secret')
  await owner.hears('<success')
})

test('S36: where failures are not counted, nobody waits', async (t) => {
  const { come } = await verona(t, { maxFailuresPerIp: Infinity })
  const attacker = await come()
  for (let i = 0; i < 20; i++) {
    attacker.guess('juliet', 'wrong')
    await attacker.hears(REFUSED)
  }
})

test('S36: what is no password is no guess', async (t) => {
  const { scene, come } = await verona(t, { maxFailuresPerIp: 1 })
  const client = await come()
  for (let i = 0; i < 3; i++) {
    client.guess('', '')
    await client.hears('</failure>')
  }
  client.guess('juliet', 'secret')
  await client.hears('<success')
  assert.equal(scene.kernel.counters.loginsRefused, 0)
})
