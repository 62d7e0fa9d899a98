/**
 * xmpp.js as a foreign client, told what to do as ../foreign-client.ts describes.
 *
 *     NODE_EXTRA_CA_CERTS=CERTIFICATE node client.ts JID/RESOURCE PASSWORD HOST PORT
 */
import { createInterface } from 'node:readline'
import { client, jid as parse, type XmlElement, xml } from '@xmpp/client'

interface Order {
  readonly id: number
  readonly do: string
  readonly to?: string
  readonly type?: string
  readonly body?: string
}

const ROSTER = 'jabber:iq:roster'

const [address = '', password = '', host = '', port = ''] = process.argv.slice(2)
const { local: username, domain, resource } = parse(address)
const xmpp = client({ service: `xmpp://${host}:${port}`, domain, resource, username, password, timeout: 10_000 })

function tell(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function contactsOf(query: XmlElement | undefined): Record<string, unknown> {
  const items = query?.getChildren('item') ?? []
  return Object.fromEntries(
    items.map(({ attrs: { jid = '', subscription, ask } }) => [jid, { subscription, ask: ask ?? null }]),
  )
}

function saw(stanza: XmlElement): void {
  const { from, to, type } = stanza.attrs
  if (stanza.is('presence')) tell({ event: 'presence', from, type: type ?? 'available' })
  if (stanza.is('message')) tell({ event: 'message', from, to, type, body: stanza.getChildText('body') })
}

async function obey(order: Order): Promise<unknown> {
  const { to, type } = order
  if (order.do === 'roster') {
    const answer = await xmpp.iqCaller.request(xml('iq', { type: 'get' }, xml('query', { xmlns: ROSTER })))
    return contactsOf(answer.getChild('query', ROSTER))
  }
  if (order.do === 'presence') await xmpp.send(xml('presence', { to, type }))
  else if (order.do === 'message') await xmpp.send(xml('message', { to, type: 'chat' }, xml('body', {}, order.body)))
  else throw new Error(`unknown: ${order.do}`)
  return undefined
}

let mechanism: string | undefined
xmpp.on('send', ({ name, attrs }: XmlElement) => {
  if (name === 'auth' || name === 'authenticate') mechanism = attrs['mechanism']
})
xmpp.on('stanza', saw)
xmpp.on('error', (error: Error) => tell({ event: 'failed', why: String(error) }))
xmpp.on('online', (me) =>
  tell({ event: 'online', jid: me.toString(), mechanism, tls: xmpp.socket?.socket?.getProtocol?.() ?? null }),
)
xmpp.iqCallee.set(ROSTER, 'query', ({ element }) => {
  tell({ event: 'roster', contacts: contactsOf(element) })
  return true
})

await xmpp.start()
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order
  await obey(order).then(
    (result) => tell({ id: order.id, result: result ?? null }),
    (error: unknown) => tell({ id: order.id, error: String(error) }),
  )
}
// Or it would wait a second to connect again, before it sees that it was told to leave.
xmpp.reconnect.stop()
await xmpp.stop()
