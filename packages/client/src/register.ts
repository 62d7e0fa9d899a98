/** XEP-0077: In-Band Registration, as far as a client needs it to get an account and to give it back. */
import { Element, tag } from '@meerkat/xml'
import { Iq } from '@meerkat/protocol'
import { type Client } from './client.ts'
import { connect, openSecureStream } from './connect.ts'
import { type ClientOptions } from './options.ts'
import { Register, RegisterRemove } from './words.ts'

/** Creates the account that `options` name, with `fields` besides name and password. Rejects with StanzaError (`conflict` when it exists). */
export async function register(options: ClientOptions, fields: Readonly<Record<string, string>> = {}): Promise<void> {
  const client = await openSecureStream(options)
  try {
    const all = { username: client.jid.local, password: options.password ?? '', ...fields }
    const children = Object.entries(all).map(([name, value]) => tag(Register.ns, name)({}, value))
    await client.request(query(client, ...children), { what: 'the registration' })
  } finally {
    client.destroy()
    await client.closed
  }
}

/** Deletes the account that `options` name (XEP-0077 §3.2). Rejects with StanzaError or SaslError. */
export async function unregister(options: ClientOptions): Promise<void> {
  const client = await connect(options)
  try {
    await client.request(query(client, RegisterRemove()), { what: 'the removal of the account' })
  } finally {
    client.destroy()
    await client.closed
  }
}

function query(client: Client, ...children: readonly Element[]): Element {
  return Iq({ type: 'set', to: client.jid.domain }, Register({}, ...children))
}
