/**
 * xmpp.js as a foreign client, told what to do as ../foreign-client.ts describes.
 *
 *     NODE_EXTRA_CA_CERTS=CERTIFICATE node client.ts JID/RESOURCE PASSWORD HOST PORT
 */
import { client, jid as parse, type XmlElement, xml } from '@xmpp/client'
import { type Archived, obey, type Order, PAGE, tell } from '../orders.ts'

const ROSTER = 'jabber:iq:roster'
const MAM = 'urn:xmpp:mam:2'
const RSM = 'http://jabber.org/protocol/rsm'

const [address = '', password = '', host = '', port = ''] = process.argv.slice(2)
const { local: username, domain, resource } = parse(address)
const xmpp = client({ service: `xmpp://${host}:${port}`, domain, resource, username, password, timeout: 10_000 })

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

async function roster(): Promise<unknown> {
  const answer = await xmpp.iqCaller.request(xml('iq', { type: 'get' }, xml('query', { xmlns: ROSTER })))
  return contactsOf(answer.getChild('query', ROSTER))
}

/** It knows nothing of archives, but can say and hear what it takes. */
async function archive({ after = '' }: Order): Promise<readonly Archived[]> {
  const found: Archived[] = []
  for (;;) {
    const page: Archived[] = []
    const collect = (stanza: XmlElement): void => {
      const result = stanza.getChild('result', MAM)
      const message = result?.getChild('forwarded', 'urn:xmpp:forward:0')?.getChild('message', 'jabber:client')
      if (result === undefined || message === undefined) return
      page.push({
        id: result.attrs['id'] ?? '',
        from: message.attrs['from'] ?? '',
        body: message.getChildText('body') ?? '',
      })
    }
    xmpp.on('stanza', collect)
    const set = xml('set', { xmlns: RSM }, xml('max', {}, PAGE), xml('after', {}, found.at(-1)?.id ?? after))
    const answer = await xmpp.iqCaller.request(xml('iq', { type: 'set' }, xml('query', { xmlns: MAM }, set)))
    xmpp.removeListener('stanza', collect)
    found.push(...page)
    if (answer.getChild('fin', MAM)?.attrs['complete'] === 'true') return found
  }
}

async function resume(): Promise<boolean> {
  const online = new Promise<boolean>((resolve) => xmpp.once('online', () => resolve(false)))
  const resumed = new Promise<boolean>((resolve) => xmpp.streamManagement.once('resumed', () => resolve(true)))
  await xmpp.reconnect.reconnect()
  return Promise.race([resumed, online])
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
// The test says when it is to connect again.
xmpp.reconnect.stop()
await obey({
  roster,
  presence: ({ to, type }) => xmpp.send(xml('presence', { to, type })),
  message: ({ to, body }) => xmpp.send(xml('message', { to, type: 'chat' }, xml('body', {}, body))),
  archive,
  cut: () => {
    const gone = new Promise<void>((resolve) => xmpp.once('disconnect', () => resolve()))
    xmpp.socket?.socket?.destroy?.()
    return gone
  },
  resume,
})
await xmpp.stop()
