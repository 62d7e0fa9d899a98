/**
 * stanza as a foreign client, told what to do as ../foreign-client.ts describes.
 *
 *     NODE_EXTRA_CA_CERTS=CERTIFICATE node client.ts JID/RESOURCE PASSWORD wss://…
 */
import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { createClient } from 'stanza'
import { type Archived, obey, type Order, PAGE, tell } from '../orders.ts'

const [jid = '', password = '', url = ''] = process.argv.slice(2)
const client = createClient({
  jid,
  password,
  // It does not take the resource out of the address by itself.
  resource: jid.slice(jid.indexOf('/') + 1),
  transports: { websocket: url, bosh: false },
  autoReconnect: false,
})

/** The socket of ws, which the transport keeps to itself. */
interface Transport {
  readonly socket?: { readonly _socket?: TLSSocket; terminate(): void }
}

const transport = (): Transport => (client.transport ?? {}) as Transport

let mechanism: string | undefined
client.on('raw:outgoing', (data) => {
  if (data.startsWith('<auth')) mechanism = / mechanism="([^"]+)"/.exec(data)?.[1]
})
client.on('session:started', () =>
  tell({ event: 'online', jid: client.jid, mechanism, tls: transport().socket?.['_socket']?.getProtocol() ?? null }),
)
client.on('auth:failed', () => tell({ event: 'failed', why: 'authentication' }))
client.on('message', ({ from, to, type, body }) => tell({ event: 'message', from, to, type, body }))
client.on('presence', ({ from, type }) => tell({ event: 'presence', from, type: type ?? 'available' }))

async function roster(): Promise<unknown> {
  const { items } = await client.getRoster()
  return Object.fromEntries(
    items.map(({ jid: contact, subscription, pending }) => [contact, { subscription, ask: pending ?? null }]),
  )
}

async function archive({ after }: Order): Promise<readonly Archived[]> {
  const found: Archived[] = []
  for (;;) {
    const last = found.at(-1)?.id ?? after
    const page = await client.searchHistory({ paging: { max: PAGE, ...(last !== undefined && { after: last }) } })
    for (const { id = '', item } of page.results ?? [])
      found.push({ id, from: item.message?.from ?? '', body: item.message?.body ?? '' })
    if (page.complete === true) return found
  }
}

async function cut(): Promise<void> {
  const gone = once(client, 'disconnected')
  transport().socket?.terminate()
  await gone
}

async function resume(): Promise<boolean> {
  const resumed = new Promise<boolean>((resolve) => client.once('stream:management:resumed', () => resolve(true)))
  const started = new Promise<boolean>((resolve) => client.once('session:started', () => resolve(false)))
  client.connect()
  return Promise.race([resumed, started])
}

client.connect()
await obey({
  roster,
  presence: ({ to, type }) => {
    client.sendPresence({ ...(to !== undefined && { to }), ...(type !== undefined && { type: type as 'subscribe' }) })
  },
  message: ({ to = '', body = '' }) => {
    client.sendMessage({ to, body, type: 'chat' })
  },
  archive,
  cut,
  resume,
})
const gone = once(client, 'disconnected')
client.disconnect()
await gone
