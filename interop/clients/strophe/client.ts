/**
 * strophe.js as a foreign client, told what to do as ../foreign-client.ts describes.
 *
 *     NODE_EXTRA_CA_CERTS=CERTIFICATE node client.ts JID/RESOURCE PASSWORD wss://…
 */
import type { TLSSocket } from 'node:tls'
import { $iq, $msg, $pres, Strophe } from 'strophe.js'
import { type Archived, obey, type Order, PAGE, tell } from '../orders.ts'

/** What we need of the DOM, which strophe.js speaks. */
interface DomElement {
  readonly tagName: string
  readonly textContent: string | null
  getAttribute(name: string): string | null
  getElementsByTagName(name: string): ArrayLike<DomElement>
}

/** The socket of ws, which the connection keeps to itself. */
interface Inner {
  readonly _proto: { readonly socket?: { readonly _socket?: TLSSocket; terminate(): void } | null }
}

const MAM = 'urn:xmpp:mam:2'
const RSM = 'http://jabber.org/protocol/rsm'

const [jid = '', password = '', url = ''] = process.argv.slice(2)
// What it logs goes to the standard output, which is the test's; warnings do not.
Strophe.setLogLevel(Strophe.LogLevel.WARN)
const connection = new Strophe.Connection(url, { enableStreamManagement: true })
const inner = connection as unknown as Inner

let mechanism: string | undefined
connection.xmlOutput = (element: DomElement) => {
  if (element.tagName === 'auth') mechanism = element.getAttribute('mechanism') ?? undefined
}

const children = (element: DomElement, name: string): DomElement[] => Array.from(element.getElementsByTagName(name))
const attribute = (element: DomElement, name: string): string | undefined => element.getAttribute(name) ?? undefined
const bodyOf = (element: DomElement): string | undefined => children(element, 'body')[0]?.textContent ?? undefined

/** Hears all stanzas of a kind on this stream. */
function listen(name: string, hear: (stanza: DomElement) => void): void {
  const handler = (stanza: DomElement): boolean => {
    hear(stanza)
    return true
  }
  connection.addHandler(handler, null, name, null, null, null)
}

let archived: Archived[] = []
function sawMessage(stanza: DomElement): void {
  const result = children(stanza, 'result').find((element) => element.getAttribute('xmlns') === MAM)
  if (result === undefined) {
    tell({
      event: 'message',
      from: attribute(stanza, 'from'),
      to: attribute(stanza, 'to'),
      type: attribute(stanza, 'type'),
      body: bodyOf(stanza),
    })
    return
  }
  const message = children(result, 'message')[0]
  if (message === undefined) return
  archived.push({
    id: attribute(result, 'id') ?? '',
    from: attribute(message, 'from') ?? '',
    body: bodyOf(message) ?? '',
  })
}

function sawPresence(stanza: DomElement): void {
  tell({ event: 'presence', from: attribute(stanza, 'from'), type: attribute(stanza, 'type') ?? 'available' })
}

/** Resolves when it is connected, with whether that resumed the session; anything but that makes the test fail. */
function connect(): Promise<boolean> {
  const { CONNECTED, DISCONNECTED, AUTHFAIL, CONNFAIL } = Strophe.Status
  return new Promise((resolve) => {
    connection.connect(jid, password, (status: number, why: unknown) => {
      if (status === CONNECTED) resolve(connection.hasResumed())
      if (status === DISCONNECTED) gone.resolve()
      if (status === AUTHFAIL || status === CONNFAIL) tell({ event: 'failed', why: String(why) })
    })
    listen('message', sawMessage)
    listen('presence', sawPresence)
  })
}

const ask = (iq: ReturnType<typeof $iq>): Promise<DomElement> =>
  new Promise((resolve, reject) => {
    const refuse = (error: DomElement | null) =>
      reject(new Error(error?.getElementsByTagName('error')[0]?.textContent ?? 'refused'))
    connection.sendIQ(iq, resolve, refuse)
  })

async function roster(): Promise<unknown> {
  const answer = await ask($iq({ type: 'get' }).c('query', { xmlns: Strophe.NS.ROSTER }))
  return Object.fromEntries(
    children(answer, 'item').map((item) => [
      attribute(item, 'jid') ?? '',
      { subscription: attribute(item, 'subscription'), ask: attribute(item, 'ask') ?? null },
    ]),
  ) as unknown
}

/** It knows nothing of archives, but can say and hear what it takes. */
async function archive({ after = '' }: Order): Promise<readonly Archived[]> {
  archived = []
  for (;;) {
    const set = $iq({ type: 'set' }).c('query', { xmlns: MAM }).c('set', { xmlns: RSM })
    const answer = await ask(set.c('max', {}, `${PAGE}`).c('after', {}, archived.at(-1)?.id ?? after))
    if (children(answer, 'fin')[0]?.getAttribute('complete') === 'true') return archived
  }
}

let gone = Promise.withResolvers<void>()
await connect()
tell({
  event: 'online',
  jid: connection.jid,
  mechanism,
  tls: inner['_proto'].socket?.['_socket']?.getProtocol() ?? null,
})
await obey({
  roster,
  presence: ({ to, type }) =>
    connection.send($pres({ ...(to !== undefined && { to }), ...(type !== undefined && { type }) })),
  message: ({ to = '', body = '' }) => connection.send($msg({ to, type: 'chat' }).c('body', {}, body)),
  archive,
  cut: () => {
    inner['_proto'].socket?.terminate()
    return gone.promise
  },
  resume: () => {
    gone = Promise.withResolvers()
    return connect()
  },
})
connection.disconnect()
await gone.promise
