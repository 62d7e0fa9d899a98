/** Another server, as far as load needs one: it shows its domain by dialback without TLS (XEP-0220), and confirms whatever it is asked. */
import { type Server, createServer } from 'node:net'
import { Client } from './client.ts'
import { SaltedPasswords } from './scram.ts'

const STREAM =
  "xmlns='jabber:server' xmlns:db='jabber:server:dialback' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'"
const FEATURES = "<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>"
const ASKED = /<db:(result|verify)( [^>]*)>[^<]*<\/db:\1>/

/** A connection of it, in the form in which the generator has all of its connections. */
const connection = (domain: string, port: number, timeoutMs: number): Client =>
  new Client({
    port,
    domain,
    user: `the connection with ${domain}`,
    password: '',
    mechanism: 'PLAIN',
    tls: false,
    salted: new SaltedPasswords(''),
    timeoutMs,
  })

/** The server of a domain. */
export class RemoteServer {
  readonly #domain: string
  readonly #timeoutMs: number
  readonly #listener: Server
  readonly #accepted = new Set<Client>()
  #streams = 0
  /** Called with each stream over which stanzas will come. */
  readonly #onStream: (client: Client) => void

  constructor(domain: string, timeoutMs: number, onStream: (client: Client) => void) {
    this.#domain = domain
    this.#timeoutMs = timeoutMs
    this.#onStream = onStream
    this.#listener = createServer({ noDelay: true }, (socket) => {
      const client = connection(domain, 0, timeoutMs)
      client.accept(socket)
      this.#accepted.add(client)
      // It ends when nobody asks any more.
      this.#answer(client).catch(() => undefined)
    })
  }

  /** Listens; resolves with the port. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject)
      this.#listener.listen(port, '127.0.0.1', () => resolve((this.#listener.address() as { port: number }).port))
    })
  }

  /** Accepts no more, and drops all who came. */
  close(): void {
    this.#listener.close()
    for (const client of this.#accepted) client.destroy()
  }

  /** Opens a stream to the server of `domain`; resolves when stanzas may go over it. */
  async connect(domain: string, port: number): Promise<Client> {
    const client = connection(domain, port, this.#timeoutMs)
    await client.connect()
    client.write(`<?xml version='1.0'?><stream:stream ${STREAM} from='${this.#domain}' to='${domain}'>`)
    await client.expect(/<\/stream:features>|<stream:features\s*\/>/, 'stream features')
    client.write(`<db:result from='${this.#domain}' to='${domain}'>key</db:result>`)
    const [told] = await client.expect(/<db:result [^>]*>/, 'outcome of dialback')
    if (/type=['"]valid/.test(told)) return client
    client.destroy()
    throw new Error(`${domain} refuses ${this.#domain}: ${told}`)
  }

  /** Confirms what it is asked. The stream of a server that has shown its domain is handed on, and may still bring questions until somebody else reads it. */
  async #answer(client: Client): Promise<void> {
    const [opened] = await client.expect(/<stream:stream [^>]*>/, 'stream')
    const from = attribute(opened, 'from')
    const to = from === '' ? '' : ` to='${from}'`
    client.write(`<?xml version='1.0'?><stream:stream ${STREAM} id='s${++this.#streams}' from='${this.#domain}'${to}>`)
    client.write(FEATURES)
    for (;;) {
      const [, kind, words = ''] = await client.expect(ASKED, 'dialback')
      const id = kind === 'verify' ? ` id='${attribute(words, 'id')}'` : ''
      const back = `from='${attribute(words, 'to')}' to='${attribute(words, 'from')}'`
      client.write(`<db:${kind} ${back}${id} type='valid'/>`)
      if (kind === 'result') this.#onStream(client)
    }
  }
}

const attribute = (words: string, name: string): string => new RegExp(` ${name}=['"]([^'"]*)`).exec(words)?.[1] ?? ''
