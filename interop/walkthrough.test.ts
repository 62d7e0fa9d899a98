/**
 * The tour of README.md, word for word: the real `npm start` in a fresh clone, the real commands, the real RabbitMQ.
 * Then two clients that are not ours meet on the same server.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { Checkout, terminalEnvironment } from './checkout.ts'
import { type ForeignClient, type Login, slixmpp, xmppjs } from './clients/foreign-client.ts'
import { exchangeType, forget, showsMessage, take } from './rabbitmqadmin.ts'
import { Foreground, type Place, run } from './terminal.ts'
import { readTour } from './tour.ts'

const START = 'npm start'

const APPENDED = `\
[outgoing_pools.rabbit.event_pusher]
  connection.host = "localhost"

[modules.mod_event_pusher.rabbit]
  chat_msg_exchange = {}
`
const DECLARE = [
  'rabbitmqadmin declare queue name=recv',
  'rabbitmqadmin declare binding source=chat_msg destination=recv destination_type=queue routing_key="*.chat_msg_recv"',
] as const
const REGISTER = [
  'npx meerkat account registerUser --username alice --domain localhost --password secret',
  'npx meerkat account registerUser --username bob --domain localhost --password secret',
] as const
const SEND = 'npx meerkat stanza sendMessage --from alice@localhost --to bob@localhost --body hello'
const GET = 'rabbitmqadmin get queue=recv'
const HELLO = { to_user_id: 'bob@localhost', from_user_id: 'alice@localhost', message: 'hello' }

/** The ports of the starter file. */
const PORTS = [5222, 5223, 5280, 5551]

/** npm installs everything in this time, in milliseconds, or the test gives up. */
const INSTALLING = 600_000

/** Programs that the tour needs, and how to find out whether they are there. */
const needs = {
  'rabbitmqadmin, or RabbitMQ with its management API': 'rabbitmqadmin -q list exchanges name',
  'slixmpp for /usr/bin/python3': '/usr/bin/python3 -c "import slixmpp"',
  'script of util-linux': 'script -qec true /dev/null',
  git: 'git --version',
}

function missing(): string | false {
  const env = terminalEnvironment()
  const absent = Object.entries(needs).filter(([, probe]) => spawnSync('sh', ['-c', probe], { env }).status !== 0)
  return absent.length > 0 && `absent: ${absent.map(([name]) => name).join('; ')}`
}

async function busyPorts(): Promise<number[]> {
  const busy: number[] = []
  for (const port of PORTS) {
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) busy.push(port)
    else await new Promise((resolve) => server.close(resolve))
  }
  return busy
}

test("the README's tour has the same words", () => {
  const tour = readTour()
  assert.deepEqual(tour.commands, [START, ...DECLARE, ...REGISTER, SEND, GET])
  assert.equal(tour.appended, APPENDED)
  assert.deepEqual(JSON.parse(tour.payload), HELLO)
})

describe('the walkthrough', { skip: missing() }, () => {
  let place: Place
  let checkout: Checkout | undefined
  let server: Foreground | undefined
  let clients: ForeignClient[] = []
  let clonedAt = 0
  let failed: string | undefined

  after(async () => {
    for (const client of clients) client.kill()
    server?.close()
    if (checkout === undefined) return
    await forget('recv', 'chat_msg', place)
    checkout.remove()
  })

  /** A part of the walk, which cannot be done when one before it has failed. */
  function step(name: string, walk: (t: TestContext) => Promise<void>, timeout = 120_000): void {
    test(name, { timeout }, async (t) => {
      if (failed !== undefined) return t.skip(`"${failed}" failed`)
      failed = name
      await walk(t)
      failed = undefined
    })
  }

  /** Presses Ctrl-C and sees that nothing is left. */
  async function stop(): Promise<void> {
    const code = await server!.interrupt()
    assert.match(server!.output, /^stopped$/m)
    // Some shells, of which npm starts one, die of a Ctrl-C even though the command has taken care of it.
    assert.ok(code === 0 || code === 130, `exit code ${code}`)
    assert.deepEqual(checkout!.processes(), [], 'processes left')
    assert.deepEqual(await busyPorts(), [], 'ports left open')
  }

  step(
    'npm start in a fresh clone installs, writes meerkat.toml and says what to try next',
    async () => {
      const busy = await busyPorts()
      assert.deepEqual(busy, [], `port ${busy.join(', ')} is in use: the tour needs it, so stop what listens there`)
      clonedAt = Date.now()
      checkout = new Checkout()
      place = { folder: checkout.folder, env: terminalEnvironment() }
      await forget('recv', 'chat_msg', place)
      server = new Foreground(START, place)
      await server.says('--body hello', INSTALLING)
      for (const port of PORTS) assert.match(server.output, new RegExp(`127\\.0\\.0\\.1:${port}\\b`))
      assert.equal(server.output.match(/^ {2}npx meerkat /gm)?.length, 2, 'two commands to try next')
      assert.match(readFileSync(join(place.folder, 'meerkat.toml'), 'utf8'), /^# /)
    },
    INSTALLING,
  )

  step('Ctrl-C stops it in good order', stop)

  step('the appended configuration makes the exchange', async () => {
    appendFileSync(join(place.folder, 'meerkat.toml'), APPENDED)
    // Where sh is bash, as on many systems, npm hands the Ctrl-C on to the server itself, which then gets it twice.
    server = new Foreground(START, { ...place, env: { ...place.env, npm_config_script_shell: 'bash' } })
    await server.says('--body hello')
    assert.equal(await exchangeType('chat_msg', place), 'topic')
  })

  step('a queue is bound to what users receive', async () => {
    for (const command of DECLARE) {
      const { stdout, stderr, code } = await run(command, place)
      assert.equal(code, 0, stderr)
      assert.match(stdout, /^(?:queue|binding) declared$/m)
    }
  })

  step('commands register two accounts, and answer with JSON', async () => {
    for (const [index, user] of ['alice@localhost', 'bob@localhost'].entries()) {
      const { stdout, stderr, code } = await run(REGISTER[index]!, place)
      assert.equal(code, 0, stderr)
      const registerUser = { jid: user, message: `User ${user} successfully registered` }
      assert.deepEqual(JSON.parse(stdout), { data: { account: { registerUser } } })
    }
  })

  step('mongooseimctl is the same program', async () => {
    const { stdout, stderr, code } = await run('npx mongooseimctl account countUsers --domain localhost', place)
    assert.equal(code, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), { data: { account: { countUsers: 2 } } })
  })

  step('a message sent by command arrives in the queue', async (t) => {
    const sent = await run(SEND, place)
    assert.equal(sent.code, 0, sent.stderr)
    assert.ok(
      (JSON.parse(sent.stdout) as { data: { stanza: { sendMessage: { id: string } } } }).data.stanza.sendMessage.id,
    )
    const { stdout } = await showsMessage(GET, place)
    t.diagnostic(`${((Date.now() - clonedAt) / 1000).toFixed(1)} seconds from the clone to the first delivered message`)
    assert.deepEqual(JSON.parse(/\{.*\}/.exec(stdout)?.[0] ?? ''), HELLO)
    assert.deepEqual(await take('recv', 1, place), [HELLO])
  })

  step('slixmpp and xmpp.js log in with SCRAM over STARTTLS, and bob gets what waited', async () => {
    const certificate = join(place.folder, 'data', 'development-cert.pem')
    const login = (jid: string): Login => ({ jid, password: 'secret', host: '127.0.0.1', port: 5222, certificate })
    const alice = await xmppjs(login('alice@localhost/js'))
    clients = [alice]
    const bob = await slixmpp(login('bob@localhost/slix'))
    clients = [alice, bob]
    for (const { session } of clients) {
      assert.match(String(session['mechanism']), /^SCRAM-SHA-/)
      assert.match(String(session['tls']), /^TLSv1\.[23]$/)
    }
    assert.deepEqual([await alice.roster(), await bob.roster()], [{}, {}])
    await alice.presence()
    await bob.presence()
    await bob.sees({ event: 'message', from: 'alice@localhost', body: 'hello' })
  })

  step('they subscribe to each other and see each other come and go', async () => {
    const [alice, bob] = clients as [ForeignClient, ForeignClient]
    await alice.presence({ to: 'bob@localhost', type: 'subscribe' })
    await bob.sees({ event: 'presence', from: 'alice@localhost', type: 'subscribe' })
    await bob.presence({ to: 'alice@localhost', type: 'subscribed' })
    await alice.sees({ event: 'presence', from: 'bob@localhost', type: 'subscribed' })
    await alice.sees({ event: 'presence', from: 'bob@localhost/slix', type: 'available' })

    await bob.presence({ to: 'alice@localhost', type: 'subscribe' })
    await alice.sees({ event: 'presence', from: 'bob@localhost', type: 'subscribe' })
    await alice.presence({ to: 'bob@localhost', type: 'subscribed' })
    await bob.sees({ event: 'presence', from: 'alice@localhost', type: 'subscribed' })
    await bob.sees({ event: 'presence', from: 'alice@localhost/js', type: 'available' })

    const both = { subscription: 'both', ask: null }
    await alice.sees({ event: 'roster', contacts: { 'bob@localhost': both } })
    await bob.sees({ event: 'roster', contacts: { 'alice@localhost': both } })
    assert.deepEqual(await alice.roster(), { 'bob@localhost': both })
    assert.deepEqual(await bob.roster(), { 'alice@localhost': both })
  })

  step('they write to each other, and the queue gets full addresses', async () => {
    const [alice, bob] = clients as [ForeignClient, ForeignClient]
    await alice.message('bob@localhost/slix', 'Bonjour, ça va ?')
    await bob.sees({ event: 'message', from: 'alice@localhost/js', to: 'bob@localhost/slix', body: 'Bonjour, ça va ?' })
    await bob.message('alice@localhost/js', '<3 & 🐾')
    await alice.sees({ event: 'message', from: 'bob@localhost/slix', to: 'alice@localhost/js', body: '<3 & 🐾' })
    assert.deepEqual(await take('recv', 2, place), [
      { to_user_id: 'bob@localhost/slix', from_user_id: 'alice@localhost/js', message: 'Bonjour, ça va ?' },
      { to_user_id: 'alice@localhost/js', from_user_id: 'bob@localhost/slix', message: '<3 & 🐾' },
    ])
    assert.equal(await bob.leave(), 0)
    await alice.sees({ event: 'presence', from: 'bob@localhost/slix', type: 'unavailable' })
    assert.equal(await alice.leave(), 0)
  })

  step('Ctrl-C stops it again; it has written meerkat.toml and data, and git sees no change', async () => {
    await stop()
    assert.deepEqual(checkout!.changes(), [])
    assert.deepEqual(checkout!.ignored(), ['data/', 'meerkat.toml'])
  })
})
