/**
 * How much work a message from another server is: node interop/federation/measure.ts [MESSAGES] [SERVER] [WAY]. One stream, without TLS, to one connected
 * user; the figure is the processor time of the server for each message, and how many there were a second. The way is `in`; `acks`: the other server asks
 * behind 64 stanzas each how many were handled (XEP-0198); `out`, `out-acks`: messages of the user to another server, which acknowledges nothing, or all.
 */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type Server as Listener, type Socket, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestServer, connectDevice, freshUser, message } from '@meerkat/client/testing'
import type { Client } from '@meerkat/client'
import { Body, Message, Presence } from '@meerkat/protocol'
import { startServer } from '../../e2e/harness.ts'
import { FederationAuthority } from './authority.fixture.ts'
import { startNames } from './names.fixture.ts'
import { Peer, type PeerKind, ejabberd, prosody } from './peer.fixture.ts'
import { freePorts } from './program.fixture.ts'

const LOAD = 'load.test'
/** A message of 200 characters of text. */
const TEXT = 'x'.repeat(200)
/** Ticks of `/proc/PID/stat` in a second. */
const TICKS = 100

/** Someone to measure. */
interface Subject {
  readonly name: string
  readonly server: TestServer
  readonly pid: number
  readonly s2sPort: number
  readonly end: () => Promise<void>
}

const header = (from: string, to: string): string =>
  `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' ` +
  `xmlns:stream='http://etherx.jabber.org/streams' from='${from}' to='${to}' id='load' version='1.0'>`

/** Behind how many stanzas a server asks. */
const ASK_EVERY = 64
const SM = "xmlns='urn:xmpp:sm:3'"

/** What has come to the other server. */
const sink = { messages: 0, offersAcks: false, told: Promise.withResolvers<void>() }

/** Counts the messages of a stream, and acknowledges them. */
function counting(socket: Socket): (chunk: Buffer) => void {
  let handled = 0
  let rest = ''
  return (chunk) => {
    const text = rest + chunk.toString('latin1')
    for (const [found] of text.matchAll(/<\/message>|<r /g)) {
      if (found === '<r ') socket.write(`<a ${SM} h='${handled}'/>`)
      else handled++
      if (found !== '<r ') sink.messages++
    }
    const end = text.lastIndexOf('<')
    rest = end >= 0 && text.length - end < 10 && !/^<(?:\/message>|r )/.test(text.slice(end)) ? text.slice(end) : ''
    sink.told.resolve()
    sink.told = Promise.withResolvers()
  }
}

/** The server of the domain that sends the load: it confirms everything. */
function confirming(port: number): Promise<Listener> {
  const listener = createServer((socket) => {
    let said = ''
    socket.on('error', () => undefined)
    const count = counting(socket)
    let isKnown = false
    socket.on('data', (chunk) => {
      if (isKnown) return count(chunk)
      said += chunk.toString()
      const opened = /<stream:stream [^>]*>/.exec(said)
      if (opened !== null) {
        const [, from = ''] = / from=['"]([^'"]+)/.exec(opened[0]) ?? []
        socket.write(`${header(LOAD, from)}<stream:features>${sink.offersAcks ? `<sm ${SM}/>` : ''}</stream:features>`)
        said = said.slice(opened.index + opened[0].length)
      }
      const asked = /<db:(result|verify)( [^>]*)>[^<]*<\/db:\1>/.exec(said)
      if (asked === null) return
      const of = (name: string): string => new RegExp(` ${name}=['"]([^'"]+)`).exec(asked[2]!)?.[1] ?? ''
      const id = asked[1] === 'verify' ? ` id='${of('id')}'` : ''
      socket.write(`<db:${asked[1]} from='${of('to')}' to='${of('from')}'${id} type='valid'/>`)
      isKnown = asked[1] === 'result'
      said = ''
    })
  })
  return new Promise((resolve) => listener.listen(port, '127.0.0.1', () => resolve(listener)))
}

/** A stream over which our load may be sent. */
async function streamTo(port: number, domain: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  let said = ''
  socket.on('data', (chunk) => (said += chunk.toString()))
  const hears = async (what: RegExp): Promise<void> => {
    while (!what.test(said)) await once(socket, 'data')
  }
  socket.write(header(LOAD, domain))
  await hears(/<\/stream:features>/)
  socket.write(`<db:result from='${LOAD}' to='${domain}'>key</db:result>`)
  await hears(/type=['"]valid/)
  return socket
}

/** Seconds of processor time that a process has used. */
function processorSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** Sends so many messages, and resolves when they have arrived. */
type Way = (messages: number) => Promise<void>

/** Messages of another server to the user. */
async function incoming({ s2sPort, server }: Subject, device: Client, asks: boolean): Promise<Way> {
  const socket = await streamTo(s2sPort, server.domain)
  if (asks) socket.write(`<enable ${SM}/>`)
  const one = `<message from='romeo@${LOAD}/x' to='${device.jid.toString()}' type='chat'><body>${TEXT}</body></message>`
  const batch = one.repeat(ASK_EVERY) + (asks ? `<r ${SM}/>` : '')
  const send = async (messages: number): Promise<void> => {
    for (let sent = 0; sent < messages; sent += ASK_EVERY) if (!socket.write(batch)) await once(socket, 'drain')
  }
  const receive = async (messages: number): Promise<void> => {
    for (let i = 0; i < messages; i++) await device.receive(message().matches)
  }
  return async (messages) => {
    const whole = Math.ceil(messages / ASK_EVERY) * ASK_EVERY
    await Promise.all([send(whole), receive(whole)])
  }
}

/** Messages of the user to the other server, a few hundred under way. */
function outgoing(device: Client): Way {
  return async (messages) => {
    const end = sink.messages + messages
    const one = Message({ to: `romeo@${LOAD}/x`, type: 'chat' }, Body({}, TEXT))
    for (let sent = sink.messages; sink.messages < end;) {
      while (sent < end && sent - sink.messages < 500) {
        device.send(one)
        sent++
      }
      await sink.told.promise
    }
  }
}

async function measure(subject: Subject, count: number, way: string): Promise<void> {
  const user = await freshUser(subject.server, 'juliet')
  const device = await connectDevice(subject.server, user)
  device.send(Presence())
  await device.receive(({ name }) => name === 'presence')
  sink.offersAcks = way === 'out-acks'
  const send = way.startsWith('out') ? outgoing(device) : await incoming(subject, device, way === 'acks')
  await send(2000)
  const [began, used] = [performance.now(), processorSeconds(subject.pid)]
  await send(count)
  const seconds = (performance.now() - began) / 1000
  const cost = ((processorSeconds(subject.pid) - used) / count) * 1e6
  console.log(
    `${subject.name.padEnd(10)} ${way} ${cost.toFixed(1).padStart(8)} µs a message ${Math.round(count / seconds)} a second`,
  )
  await device.close()
}

async function foreign(kind: PeerKind, folder: string, loadPort: number): Promise<Subject> {
  const domain = `${kind.name.toLowerCase()}.test`
  const [namesPort, c2sPort, s2sPort] = (await freePorts(3)) as [number, number, number]
  const names = await startNames(folder, namesPort, { [LOAD]: loadPort, [domain]: s2sPort })
  const authority = new FederationAuthority(folder)
  const certificate = authority.issue(domain)
  const place = { folder: join(folder, kind.name), domain, c2sPort, s2sPort, namesPort, ca: authority.ca }
  const peer = await Peer.start(kind, { ...place, certificate, protection: 'dialback', isQuiet: true })
  const end = async (): Promise<void> => {
    await peer.stop()
    await names.stop()
  }
  return { name: kind.name, server: peer, pid: peer.pid, s2sPort, end }
}

async function meerkat(loadPort: number): Promise<Subject> {
  const [s2sPort] = (await freePorts(1)) as [number]
  const server = await startServer({
    domains: ['meerkat.test'],
    nodes: 1,
    listeners: { open: { tls: 'none' } },
    modules: '[modules.mod_presence]\n[modules.mod_roster]\n[modules.mod_disco]\n[modules.mod_ping]',
    extra: `
[[listen.s2s]]
port = ${s2sPort}
ip_address = "127.0.0.1"
[s2s.outgoing.tls]
mode = "starttls"
[[s2s.outgoing.address]]
host = "${LOAD}"
ip_address = "127.0.0.1"
port = ${loadPort}`,
  })
  return { name: 'Meerkat', server: server.at('open'), pid: server.pid, s2sPort, end: () => server.dispose() }
}

const [words = '50000', only, way = 'in'] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'meerkat-measure-'))
const [loadPort] = (await freePorts(1)) as [number]
const listener = await confirming(loadPort)
const subjects = {
  meerkat: () => meerkat(loadPort),
  prosody: () => foreign(prosody, folder, loadPort),
  ejabberd: () => foreign(ejabberd, folder, loadPort),
}
for (const [name, start] of Object.entries(subjects)) {
  if (only !== undefined && only !== name) continue
  const subject = await start()
  try {
    await measure(subject, Number(words), way)
  } finally {
    await subject.end()
  }
}
listener.close()
rmSync(folder, { recursive: true, force: true })
