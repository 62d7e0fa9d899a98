/** A RabbitMQ that refuses: certificates, rights and full queues, as they are seen in `meerkat status`, in the log and in the figures. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as passed } from 'node:timers/promises'
import { type Server, startServer } from '../e2e/harness.ts'
import { testAuthority } from './services/authority.fixture.ts'
import { DurableQueue } from './services/durable-queue.fixture.ts'
import { BROKER_USER, OwnRabbit, nodeAbsent } from './services/own-rabbitmq.fixture.ts'

const skip = nodeAbsent()
/** How often something is looked at, in milliseconds, and how often in vain. */
const LOOK_MS = 50
const LOOKS = 600

let broker: OwnRabbit
/** A trusted root that has not signed the broker's certificate. */
let stranger: string

/** What differs between the servers. */
interface Options {
  readonly connection: string
  readonly exchange: string
  readonly more?: string
  /** The table of the module itself. */
  readonly settings?: string
}

interface Sink {
  readonly state: string
  readonly error: string | null
  readonly pending: number
  readonly delivered: number
  readonly dropped: number
}

/** A server that publishes, and two users who talk through its API. */
class Publishing {
  readonly server: Server

  private constructor(server: Server) {
    this.server = server
  }

  static async start({ connection, exchange, more = '', settings = '' }: Options): Promise<Publishing> {
    const server = await startServer({
      extra: `[outgoing_pools.rabbit.event_pusher]
[outgoing_pools.rabbit.event_pusher.connection]
reconnect.delay = 100
${connection}
${settings}
[modules.mod_event_pusher.rabbit]
chat_msg_exchange = { name = "${exchange}", durable = true }
${more}`,
    })
    for (const user of ['alice', 'bob']) await server.createUser(user, 'secret12')
    return new Publishing(server)
  }

  async say(...words: readonly string[]): Promise<void> {
    const mutation = `mutation ($body: String!) {
      stanza { sendMessage(from: "alice@localhost", to: "bob@localhost", body: $body) { id } }
    }`
    for (const body of words) await this.server.graphql(mutation, { body })
  }

  async sink(): Promise<Sink> {
    const answer = await this.server.graphql('{ server { sinks { state error pending delivered dropped } } }')
    return (answer as { server: { sinks: Sink[] } }).server.sinks[0]!
  }

  /** Waits until the sink is as wanted. */
  async until(what: string, holds: (sink: Sink) => boolean): Promise<Sink> {
    let sink = await this.sink()
    for (let looks = 0; looks < LOOKS && !holds(sink); looks++) {
      await passed(LOOK_MS)
      sink = await this.sink()
    }
    ok(holds(sink), `never ${what}: ${JSON.stringify(sink)}`)
    return sink
  }

  /** Waits until the sink says these words of the broker, and looks for them where an operator would; a figure counts it, too. */
  async complains(words: RegExp, figure: RegExp): Promise<void> {
    const { state } = await this.until(`says ${words}`, ({ error }) => words.test(error ?? ''))
    ok(state === 'FAILING' || state === 'STARTING', state)
    match((await this.server.cli('status')).stdout, new RegExp(`event sink rabbit@localhost: .*${words.source}`))
    match(await figures(this.server), figure)
    const told = () => this.server.log().some(({ error }) => words.test(String(error)))
    for (let looks = 0; looks < LOOKS && !told(); looks++) await passed(LOOK_MS)
    ok(told(), `the log does not say ${words}`)
  }

  /** Waits until all events are out. */
  drained(): Promise<Sink> {
    return this.until('all out', ({ state, pending }) => state === 'RUNNING' && pending === 0)
  }
}

/** The figures of a server, through its control socket. */
function figures(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    const socketPath = join(server.folder, 'data/meerkat.sock')
    request({ socketPath, path: '/metrics' }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })
}

const CONNECTIONS_FAILED = /^wpool_global_rabbit_connections_failed\{[^}]*\} [1-9]/m
const MESSAGES_FAILED = /^wpool_global_rabbit_messages_published_failed\{[^}]*\} [1-9]/m

/** Both events of each message. */
const twice = (words: readonly string[]) => words.flatMap((one) => [one, one])

describe('a RabbitMQ that refuses', { skip }, () => {
  before(async () => {
    broker = await OwnRabbit.open()
    stranger = testAuthority(broker.folder, 'stranger').ca
  })
  after(() => broker.close())

  const overTls = (host: string, ...lines: readonly string[]) =>
    [
      `host = "${host}"`,
      `port = ${broker.tlsPort}`,
      '[outgoing_pools.rabbit.event_pusher.connection.tls]',
      ...lines,
    ].join('\n')
  const trusted = () => `cacertfile = "${broker.authority.ca}"`
  const own = () => {
    const { cert, key } = broker.authority.client
    return `certfile = "${cert}"\nkeyfile = "${key}"`
  }
  const inTheClear = () =>
    `host = "127.0.0.1"\nport = ${broker.port}\nusername = "${BROKER_USER.name}"\npassword = "${BROKER_USER.password}"`

  it('TLS with certificates on both sides carries events, also to a name that is told apart from the host', async () => {
    const connections = [
      overTls('localhost', trusted(), own()),
      overTls('127.0.0.1', trusted(), own(), 'server_name_indication.host = "localhost"'),
    ]
    for (const [n, connection] of connections.entries()) {
      const queue = await DurableQueue.make(broker.port, `tls-${n}`)
      const it = await Publishing.start({ connection, exchange: queue.name })
      await it.say('hello')
      await it.drained()
      deepEqual(await queue.words(), ['hello', 'hello'])
      await it.server.stop()
    }
  })

  for (const { what, connection, words } of [
    {
      what: "the broker's certificate is signed by nobody whom the operating system trusts",
      connection: () => overTls('localhost', own()),
      words: /self-signed certificate in certificate chain|unable to (get|verify)/,
    },
    {
      what: "the broker's certificate is signed by another authority",
      connection: () => overTls('localhost', `cacertfile = "${stranger}"`, own()),
      words: /self-signed certificate in certificate chain|unable to (get|verify)/,
    },
    {
      what: "the broker's certificate is for another host",
      connection: () => overTls('127.0.0.1', trusted(), own()),
      words: /does not match certificate's altnames/,
    },
    {
      what: 'the broker wants a certificate of ours',
      connection: () => overTls('localhost', trusted()),
      words: /certificate required/,
    },
  ])
    it(`R11: TLS: ${what}: nothing is sent, and the reason is told`, async () => {
      const it = await Publishing.start({ connection: connection(), exchange: 'tls' })
      await it.say('secret')
      await it.complains(words, CONNECTIONS_FAILED)
      equal((await it.sink()).pending, 2)
      await it.server.stop()
    })

  it('R11: a queue that is full refuses (nack): events wait, then go out in order', async () => {
    const queue = await DurableQueue.make(broker.port, 'full', { 'x-max-length': 1, 'x-overflow': 'reject-publish' })
    const it = await Publishing.start({ connection: inTheClear(), exchange: queue.name })
    await it.say('one', 'two', 'three')
    await it.complains(/the broker has refused the message \(nack\)/, MESSAGES_FAILED)
    const words: string[] = []
    while (words.length < 6) words.push(...(await queue.words()))
    await it.drained()
    deepEqual(words, twice(['one', 'two', 'three']))
    await it.server.stop()
  })

  it("R11: the user's right to write is taken away while running: events wait until it is given back", async () => {
    const queue = await DurableQueue.make(broker.port, 'right')
    const it = await Publishing.start({ connection: inTheClear(), exchange: queue.name })
    await it.say('before')
    await it.drained()
    await broker.ctl('clear_permissions', 'meerkat')
    // A channel remembers what it was allowed until it is opened anew.
    await broker.ctl('close_all_connections', 'for a test')
    await it.say('meanwhile')
    await it.complains(/ACCESS[_-]REFUSED|does not let "meerkat" into/, CONNECTIONS_FAILED)
    await broker.ctl('set_permissions', 'meerkat', '.*', '^$', '.*')
    await it.complains(/ACCESS[_-]REFUSED.*access to exchange 'right'/, MESSAGES_FAILED)
    await broker.ctl('set_permissions', 'meerkat', '.*', '.*', '.*')
    await it.drained()
    deepEqual(await queue.words(), twice(['before', 'meanwhile']))
    await it.server.stop()
  })

  it('R11: the password is changed while running: events wait until it is right again', async () => {
    const queue = await DurableQueue.make(broker.port, 'password')
    const it = await Publishing.start({ connection: inTheClear(), exchange: queue.name })
    await it.say('before')
    await it.drained()
    await broker.ctl('change_password', 'meerkat', 'another')
    await broker.ctl('close_all_connections', 'for a test')
    await it.say('meanwhile')
    await it.complains(/ACCESS[_-]REFUSED/, CONNECTIONS_FAILED)
    await broker.ctl('change_password', BROKER_USER.name, BROKER_USER.password)
    await it.drained()
    deepEqual(await queue.words(), twice(['before', 'meanwhile']))
    await it.server.stop()
  })

  it('an operator pauses a sink, goes on, and sends once more, on the command line', async () => {
    const queue = await DurableQueue.make(broker.port, 'operator')
    const settings = '[modules.mod_event_pusher]\nkeep_delivered = 3600'
    const it = await Publishing.start({ connection: inTheClear(), exchange: queue.name, settings })
    const order = async (name: string, ...args: readonly string[]) => {
      const { code, stdout, stderr } = await it.server.cli('server', name, '--sink', 'rabbit@localhost', ...args)
      equal(code, 0, stdout + stderr)
    }
    await order('pauseSink')
    await it.say('one', 'two')
    await it.server.restart()
    match((await it.server.cli('status')).stdout, /event sink rabbit@localhost: paused/)
    deepEqual(await queue.words(), [])
    await order('resumeSink')
    await it.drained()
    deepEqual(await queue.words(), twice(['one', 'two']))
    await order('replaySink', '--since', '2026-01-01T00:00:00Z')
    await it.drained()
    deepEqual(await queue.words(), twice(['one', 'two']))
    await order('deadLetters')
    await order('requeueDeadLetters', '--numbers', '[1]')
    const { code, stdout } = await it.server.cli('server', 'forgetSink', '--sink', 'rabbit@localhost')
    match(stdout, /only one that is not can be forgotten/)
    equal(code, 1)
    await it.server.stop()
  })

  it('best effort: what is said while the broker is away is not stored, as with MongooseIM', async () => {
    const queue = await DurableQueue.make(broker.port, 'effort')
    const more = 'delivery = "best_effort"'
    const it = await Publishing.start({ connection: inTheClear(), exchange: queue.name, more })
    await it.say('before')
    await it.until('sent', ({ delivered }) => delivered === 2)
    await broker.stop()
    await it.until('failing', ({ state }) => state === 'FAILING')
    await it.say('meanwhile')
    equal((await it.sink()).pending, 2, 'in memory')
    await it.server.restart()
    equal((await it.sink()).pending, 0, 'they were nowhere else')
    await broker.start()
    await it.until('running', ({ state }) => state === 'RUNNING')
    await it.say('after')
    await it.until('sent', ({ delivered }) => delivered === 2)
    // Without a promise, messages are not persistent: those of before went with the broker.
    deepEqual(await queue.words(), twice(['after']))
    await it.server.stop()
  })
})
