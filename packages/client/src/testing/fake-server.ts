/** A small server in the same process, for the tests of this package only: it negotiates as a real one and can be told to misbehave. */
import { randomBytes } from 'node:crypto'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, TLSSocket } from 'node:tls'
import { type Element, serializeInStream, StreamParser, text } from '@meerkat/xml'
import {
  Auth,
  Bind,
  BindJid,
  BindResource,
  Challenge,
  ChannelBinding,
  Iq,
  type Jid,
  makeJid,
  Mechanism,
  Mechanisms,
  parseRegister,
  RegisterQuery,
  Response,
  result,
  SaslChannelBinding,
  SaslError,
  StartTls,
  StreamError,
  StreamFeatures,
  Success,
  TlsProceed,
  TlsRequired,
} from '@meerkat/protocol'
import {
  scramKeys,
  type ServerContext,
  serverMechanism,
  type ServerMechanism,
  TLS_EXPORTER,
} from '@meerkat/protocol/sasl'
import { selfSigned } from './certificate.ts'
import { FakeRouter } from './fake-router.ts'
import { type TestServer } from './server.ts'

/** How the server behaves. */
export interface FakeOptions {
  /** What it offers; SCRAM with and without channel binding and PLAIN unless given. */
  readonly mechanisms?: readonly string[]
  /** The PBKDF2 iterations that it asks for; 4,096 unless given. */
  readonly iterations?: number
  /** Whether it offers STARTTLS; true unless given. */
  readonly startTls?: boolean
  /** Sees each element first; true means that the server does nothing with it. */
  readonly intercept?: (element: Element, session: FakeSession) => boolean | void
}

const MECHANISMS = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN']

/** A listening server with its accounts. */
export class FakeServer implements TestServer {
  readonly domain = 'fake.example'
  readonly host = '127.0.0.1'
  readonly ca: string
  readonly timeoutMs = 10_000
  readonly options: FakeOptions
  /** Passwords by user name. */
  readonly accounts = new Map<string, string>()
  readonly router = new FakeRouter()
  /** Everyone who is connected. */
  readonly sessions = new Set<FakeSession>()
  readonly certificate = selfSigned('fake.example', '127.0.0.1')
  /** The ports, once it listens. */
  port = 0
  tlsPort = 0
  readonly #plain: Server
  readonly #direct: Server
  #wake = (): void => {}

  constructor(options: FakeOptions = {}) {
    const { cert } = this.certificate
    this.options = options
    this.ca = cert
    this.#plain = createServer({ noDelay: true }, (socket) => this.#accept(socket))
    this.#direct = createTlsServer({ ...this.certificate, ALPNProtocols: ['xmpp-client'] }, (socket) =>
      this.#accept(socket),
    )
  }

  /** Starts to listen on free ports. */
  async start(): Promise<this> {
    this.port = await this.#listen(this.#plain)
    this.tlsPort = await this.#listen(this.#direct)
    return this
  }

  /** Resolves as soon as nobody is connected. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        if (this.sessions.size === 0) resolve()
      }
      this.#wake()
    })
  }

  /** Forgets a connection that is gone. */
  leave(session: FakeSession): void {
    this.sessions.delete(session)
    this.router.remove(session)
    this.#wake()
  }

  /** Breaks every connection and stops to listen. */
  async stop(): Promise<void> {
    for (const session of this.sessions) session.socket.destroy()
    for (const server of [this.#plain, this.#direct]) {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    }
  }

  #listen(server: Server): Promise<number> {
    return new Promise((resolve) => {
      server.listen(0, this.host, () => resolve((server.address() as AddressInfo).port))
    })
  }

  #accept(socket: Socket): void {
    const session = new FakeSession(this, socket)
    this.sessions.add(session)
  }
}

/** One connection, seen from the server. */
export class FakeSession {
  readonly server: FakeServer
  socket: Socket
  jid: Jid | undefined
  /** What the client said in its last stream header. */
  header: Element | undefined
  /** The name of the mechanism that the client chose. */
  mechanism: string | undefined
  #parser: StreamParser
  #exchange: ServerMechanism | undefined
  #username: string | undefined

  constructor(server: FakeServer, socket: Socket) {
    this.server = server
    this.socket = socket
    this.#parser = this.#newParser()
    this.#listen(socket)
  }

  get secure(): boolean {
    return this.socket instanceof TLSSocket
  }

  /** Sends an element. */
  send(element: Element): void {
    this.sendRaw(serializeInStream(element))
  }

  /** Sends text as it is. */
  sendRaw(xml: string): void {
    this.socket.write(xml)
  }

  /** Ends the stream with an error. */
  fail(error: StreamError): void {
    this.sendRaw(`${serializeInStream(error.toElement())}</stream:stream>`)
    this.socket.end()
  }

  #newParser(): StreamParser {
    return new StreamParser({
      open: (header) => this.#open(header),
      element: (element) => this.#element(element),
      close: () => {
        this.sendRaw('</stream:stream>')
        this.socket.end()
      },
    })
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk) => {
      try {
        this.#parser.write(chunk)
      } catch {
        this.fail(new StreamError('not-well-formed'))
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (socket === this.socket) this.server.leave(this)
    })
  }

  #open(header: Element): void {
    this.header = header
    const id = randomBytes(8).toString('hex')
    this.sendRaw(
      `<?xml version='1.0'?><stream:stream from='${this.server.domain}' id='${id}' version='1.0' ` +
        `xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
    )
    if (header.attr('version') !== undefined) this.send(this.#features())
  }

  #features(): Element {
    if (this.#username !== undefined) return StreamFeatures({}, Bind())
    if (!this.secure && this.server.options.startTls !== false) {
      return StreamFeatures({}, StartTls({}, TlsRequired()), this.#mechanisms())
    }
    const bindings = SaslChannelBinding({}, ChannelBinding({ type: TLS_EXPORTER }))
    return StreamFeatures({}, this.#mechanisms(), this.secure ? bindings : undefined)
  }

  #mechanisms(): Element {
    return Mechanisms({}, ...this.#offered().map((name) => Mechanism({}, name)))
  }

  #offered(): string[] {
    const all = this.server.options.mechanisms ?? MECHANISMS
    return all.filter((name) => this.secure || !name.endsWith('-PLUS'))
  }

  #element(element: Element): void {
    if (this.server.options.intercept?.(element, this) === true) return
    if (StartTls.is(element)) this.#startTls()
    else if (Auth.is(element)) this.#auth(element)
    else if (Response.is(element)) void this.#step(element)
    else this.#stanza(element)
  }

  #startTls(): void {
    this.send(TlsProceed())
    const plain = this.socket
    plain.removeAllListeners('data')
    this.#parser = this.#newParser()
    this.socket = new TLSSocket(plain, { isServer: true, ...this.server.certificate })
    this.#listen(this.socket)
  }

  #auth(element: Element): void {
    this.mechanism = element.attr('mechanism') ?? ''
    const offered = this.#offered().includes(this.mechanism)
    this.#exchange = offered ? serverMechanism(this.mechanism, this.#context()) : undefined
    if (this.#exchange === undefined) this.send(new SaslError('invalid-mechanism').toElement())
    else void this.#step(element)
  }

  #context(): ServerContext {
    const { accounts } = this.server
    const socket = this.socket
    return {
      plusOffered: this.#offered().some((name) => name.endsWith('-PLUS')),
      channelBinding:
        socket instanceof TLSSocket
          ? { type: TLS_EXPORTER, data: socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)) }
          : undefined,
      nonce: () => randomBytes(18).toString('base64'),
      checkPassword: (username, password) => Promise.resolve(accounts.get(username) === password),
      scramKeys: async (username, hash) => ({
        keys: await scramKeys(
          accounts.get(username) ?? 'nobody',
          hash,
          randomBytes(16),
          this.server.options.iterations ?? 4096,
        ),
        known: accounts.has(username),
      }),
    }
  }

  async #step(element: Element): Promise<void> {
    try {
      const step = await this.#exchange!.step(Buffer.from(text(element), 'base64'))
      if ('challenge' in step) return this.send(Challenge({}, base64(step.challenge)))
      this.#username = step.success.username
      const { data } = step.success
      this.#parser.reset()
      this.send(Success({}, data && base64(data)))
    } catch (error) {
      this.send((error instanceof SaslError ? error : new SaslError('temporary-auth-failure')).toElement())
    }
  }

  #stanza(element: Element): void {
    if (this.jid !== undefined) this.server.router.route(this, this.jid, element)
    else if (Iq.is(element) && RegisterQuery.in(element)) this.#register(element, RegisterQuery.in(element)!)
    else if (this.#username !== undefined && Bind.in(element)) this.#bind(element, this.#username)
    else this.fail(new StreamError('not-authorized'))
  }

  #register(request: Element, query: Element): void {
    const { fields } = parseRegister(query)
    this.server.accounts.set(fields.get('username') ?? '', fields.get('password') ?? '')
    this.send(result(request))
  }

  #bind(request: Element, username: string): void {
    const wanted = BindResource.in(Bind.in(request)!)
    const resource = wanted === undefined ? randomBytes(4).toString('hex') : text(wanted)
    this.jid = makeJid(username, this.server.domain, resource)
    this.send(result(request, Bind({}, BindJid({}, this.jid.toString()))))
    this.server.router.add(this, this.jid)
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

/** Starts a server that stops with the test, with one account `juliet` whose password is `secret`. */
export async function fakeServer(
  t: { after(stop: () => Promise<void>): void },
  options: FakeOptions = {},
): Promise<FakeServer> {
  const server = await new FakeServer(options).start()
  server.accounts.set('juliet', 'secret')
  t.after(() => server.stop())
  return server
}
