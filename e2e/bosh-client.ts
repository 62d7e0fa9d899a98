/** XMPP over BOSH (XEP-0124, XEP-0206) as a page speaks it, with every number in the test's hands. */
import { Agent, request } from 'node:http'
import { type Element, escapeAttribute, parseElement } from '@meerkat/xml'

export const HTTPBIND = 'http://jabber.org/protocol/httpbind'

/** Attributes of a body by name. */
export type Attributes = Readonly<Record<string, string | number>>

/** What came for one request. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** A request that can be given up. */
export interface Asked {
  readonly answer: Promise<HttpAnswer>
  /** Breaks the connection. */
  abort(): void
}

/** Sends one HTTP request on a connection of its own. */
export function ask(
  url: string,
  body: string | undefined,
  method = 'POST',
  headers: Record<string, string> = {},
): Asked {
  const agent = new Agent({ keepAlive: false })
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  const asked = request(url, { method, headers, agent, timeout: 20_000 }, (response) => {
    response.setEncoding('utf8')
    let text = ''
    response.on('data', (part: string) => (text += part))
    response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
    response.on('error', reject)
  })
  asked.on('error', reject)
  asked.on('timeout', () => asked.destroy(new Error('no answer came')))
  asked.end(body)
  // Whoever gives a request up does not wait for its answer.
  promise.catch(() => undefined)
  return { answer: promise, abort: () => asked.destroy() }
}

/** The text of a body. */
export function bodyOf(attributes: Attributes, content = ''): string {
  const text = Object.entries(attributes).map(([name, value]) => ` ${name}='${escapeAttribute(String(value))}'`)
  return `<body xmlns='${HTTPBIND}' xmlns:xmpp='urn:xmpp:xbosh'${text.join('')}>${content}</body>`
}

/** A session, or the attempt to have one. */
export class Bosh {
  readonly url: string
  sid = ''
  /** The id of the last request. */
  rid = 1_573_741_820

  constructor(url: string) {
    this.url = url
  }

  /** Sends a body that is all the test's own. */
  async raw(attributes: Attributes, content = ''): Promise<Element> {
    const { status, text } = await ask(this.url, bodyOf(attributes, content)).answer
    if (status !== 200) throw new Error(`${status}: ${text}`)
    return parseElement(text)
  }

  /** Begins a session. */
  async begin(attributes: Attributes = {}): Promise<Element> {
    const usual = { to: 'localhost', hold: 1, wait: 5, ver: '1.6', 'xmpp:version': '1.0', 'xml:lang': 'en' }
    const body = await this.raw({ rid: this.rid, ...usual, ...attributes })
    this.sid = body.attr('sid') ?? ''
    return body
  }

  /** The next request, which may be given up. */
  ask(content = '', attributes: Attributes = {}): Asked {
    return ask(this.url, bodyOf({ rid: ++this.rid, sid: this.sid, ...attributes }, content))
  }

  /** The next request, and its answer. */
  async next(content = '', attributes: Attributes = {}): Promise<Element> {
    return parseElement((await this.ask(content, attributes).answer).text)
  }

  /** Logs in with PLAIN, and binds nothing. */
  async authenticate(user: string, password: string, attributes: Attributes = {}): Promise<void> {
    await this.begin(attributes)
    const plain = Buffer.from(`\0${user}\0${password}`).toString('base64')
    const success = await this.next(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`)
    if (success.elements()[0]?.name !== 'success') throw new Error('not logged in')
    await this.next('', { to: 'localhost', 'xmpp:restart': 'true' })
  }

  /** Logs in with PLAIN and binds a resource; resolves with the full address. */
  async logIn(user: string, password: string, attributes: Attributes = {}): Promise<string> {
    await this.authenticate(user, password, attributes)
    const { text } = await this.ask(
      `<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`,
    ).answer
    return /<jid>([^<]+)<\/jid>/.exec(text)![1]!
  }
}
