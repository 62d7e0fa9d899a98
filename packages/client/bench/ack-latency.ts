/**
 * Measures how long a client waits until the server has taken charge of a message: from the message to the `<a h/>` (XEP-0198) that counts it, while
 * many connections keep the server as busy as it can be. The messages go to connected users and into two archives (mod_mam) in SQLite, each
 * commit synced (`durability = "power"`). Server and clients share the machine; there is no TLS.
 * Usage: node packages/client/bench/ack-latency.ts [seconds for each line, 3]
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type Client, connect } from '../src/index.ts'
import { Body, Message, Presence, SmAck, SmEnable, SmEnabled, SmRequest } from '@meerkat/protocol'

const MAIN = join(import.meta.dirname, '../../server/src/main.ts')
const PASSWORD = 'correct horse'
const TEXT = 'x'.repeat(100)
const SENDERS = 100
/** How many of them send, and how many messages each has under way. */
const LOADS = [
  [1, 1],
  [10, 1],
  [SENDERS, 1],
  [SENDERS, 5],
  [SENDERS, 10],
] as const

const CONFIG = `[general]
loglevel = "warning"
hosts = ["localhost"]
default_server_domain = "localhost"
data_dir = "data"
[storage]
durability = "power"
[[listen.c2s]]
port = 0
ip_address = "127.0.0.1"
access = "c2s"
allow_plain_without_tls = true
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.mongoose_graphql_handler]]
host = "_"
path = "/api/graphql"
schema_endpoint = "admin"
[auth]
methods = ["internal"]
[auth.internal]
[access]
c2s = [{ acl = "all", value = "allow" }]
[modules.mod_presence]
[modules.mod_roster]
[modules.mod_offline]
[modules.mod_mam.pm]
[modules.mod_stream_management]
`

/** Starts a server with new data; `end` stops it and removes them. */
async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-bench-'))
  const file = join(folder, 'meerkat.toml')
  writeFileSync(file, CONFIG)
  const child = spawn(process.execPath, [MAIN, '-c', file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = new Promise<void>((resolve) => void child.once('close', () => resolve()))
  let said = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    said += String(chunk)
    if (said.includes('Try next')) break
  }
  child.stdout.resume()
  const portOf = (line: RegExp): number => Number(line.exec(said)?.[1])
  return {
    port: portOf(/XMPP clients .*:(\d+) \(/),
    http: portOf(/GraphQL API .*:(\d+)\//),
    async end() {
      child.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Running = Awaited<ReturnType<typeof startServer>>

/** A connected client of a new user. */
async function newcomer(server: Running, username: string): Promise<Client> {
  const query = `mutation { account { registerUser(domain: "localhost", username: "${username}", password: "${PASSWORD}") { jid } } }`
  const answer = await fetch(`http://127.0.0.1:${server.http}/api/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  if (!answer.ok) throw new Error(await answer.text())
  const { port } = server
  return connect({ domain: 'localhost', host: '127.0.0.1', port, tls: 'none', username, password: PASSWORD })
}

/** One who sends, and the times of what is not acknowledged yet. */
class Sender {
  readonly #client: Client
  readonly #to: string
  readonly #sent: number[] = []
  #handled = 0
  #sending = false

  constructor(client: Client, to: string) {
    this.#client = client
    this.#to = to
    client.onStanza((element) => {
      if (SmAck.is(element)) this.#acknowledged(Number(element.attr('h')))
      client.drop()
    })
  }

  /** Sends so many messages, and one more for each that is acknowledged. */
  begin(window: number): void {
    this.#sending = true
    for (let i = 0; i < window; i++) this.#send()
  }

  /** Sends no more. */
  end(): void {
    this.#sending = false
  }

  /** Whether everything was acknowledged. */
  get idle(): boolean {
    return this.#sent.length === 0
  }

  #send(): void {
    this.#sent.push(performance.now())
    this.#client.send(Message({ to: this.#to, type: 'chat', id: this.#client.nextId() }, Body({}, TEXT)))
    this.#client.send(SmRequest())
  }

  #acknowledged(h: number): void {
    const now = performance.now()
    for (; this.#handled < h; this.#handled++) {
      times.push(now - this.#sent.shift()!)
      if (this.#sending) this.#send()
    }
  }
}

/** The milliseconds of each message that was acknowledged lately. */
let times: number[] = []

/** Has each of the senders keep `window` messages under way for so many seconds. */
async function measure(senders: readonly Sender[], window: number, seconds: number): Promise<Record<string, number>> {
  for (const sender of senders) sender.begin(window)
  // The first second is for compilers and caches.
  await sleep(1000)
  times = []
  await sleep(seconds * 1000)
  const row = { senders: senders.length, 'under way each': window, ...figures(times, seconds) }
  for (const sender of senders) sender.end()
  while (senders.some((sender) => !sender.idle)) await sleep(10)
  return row
}

/** A sender with stream management and a connected user to send to. */
async function pair(server: Running, number: number): Promise<Sender> {
  const receiver = await newcomer(server, `to${number}`)
  receiver.onStanza(() => void receiver.drop())
  receiver.send(Presence())
  const client = await newcomer(server, `from${number}`)
  client.send(SmEnable())
  await client.receive((element) => SmEnabled.is(element))
  return new Sender(client, receiver.jid.bare.toString())
}

function figures(times: number[], seconds: number): Record<string, number> {
  times.sort((a, b) => a - b)
  const at = (part: number): number => Math.round((times[Math.floor((times.length - 1) * part)] ?? NaN) * 10) / 10
  return {
    'messages/s': Math.round(times.length / seconds),
    'p50 ms': at(0.5),
    'p99 ms': at(0.99),
    'max ms': at(1),
  }
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds))

const seconds = Number(process.argv[2] ?? 3)
const server = await startServer()
try {
  const senders: Sender[] = []
  for (let i = 0; i < SENDERS; i++) senders.push(await pair(server, i))
  const table: Record<string, number>[] = []
  for (const [count, window] of LOADS) table.push(await measure(senders.slice(0, count), window, seconds))
  console.table(table)
} finally {
  await server.end()
}
