/** XEP-0077: In-Band Registration, as far as a client needs it to get an account and to give it back. */
import { buildRegister, Iq, type Registration } from '@meerkat/protocol'
import { type Client } from './client.ts'
import { connect, openSecureStream } from './connect.ts'
import { type ClientOptions } from './options.ts'

/** Creates the account that `options` name, with `fields` besides name and password. Rejects with StanzaError (`conflict` when it exists). */
export async function register(options: ClientOptions, fields: Readonly<Record<string, string>> = {}): Promise<void> {
  const client = await openSecureStream(options)
  const all = { username: client.jid.local, password: options.password ?? '', ...fields }
  await ask(client, { fields: new Map(Object.entries(all)) }, 'the registration')
}

/** Deletes the account that `options` name (XEP-0077 §3.2). Rejects with StanzaError or SaslError. */
export async function unregister(options: ClientOptions): Promise<void> {
  await ask(await connect(options), { remove: true }, 'the removal of the account')
}

async function ask(client: Client, registration: Partial<Registration>, what: string): Promise<void> {
  try {
    await client.request(Iq({ type: 'set', to: client.jid.domain }, buildRegister(registration)), { what })
  } finally {
    client.destroy()
    await client.closed
  }
}
