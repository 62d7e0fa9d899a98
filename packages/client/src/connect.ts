/** From options to a client that is logged in. */
import { type Element } from '@meerkat/xml'
import { StartTls } from '@meerkat/protocol'
import { Client } from './client.ts'
import { NegotiationError } from './errors.ts'
import { type ClientOptions } from './options.ts'

/** Opens a connection and nothing else; with direct TLS that includes the handshake. */
export async function openSocket(options: ClientOptions): Promise<Client> {
  const client = new Client(options)
  await client.opened()
  return client
}

/** Opens a connection and a stream, encrypted as the options say, up to the features that offer authentication. */
export async function openSecureStream(options: ClientOptions): Promise<Client> {
  const client = await openSocket(options)
  return orDestroy(client, async () => {
    const features = await client.openStream()
    if (client.settings.tls === 'starttls') await secure(client, features)
  })
}

/** Connects, encrypts, logs in and binds a resource. Rejects with whatever went wrong, and leaves no connection then. */
export async function connect(options: ClientOptions): Promise<Client> {
  const client = await openSecureStream(options)
  return orDestroy(client, async () => {
    await client.authenticate()
    await client.openStream()
    await client.bind()
  })
}

async function secure(client: Client, features: Element): Promise<void> {
  // An attacker could have removed the offer; going on in the clear would be what they want (RFC 6120 §13.9.2).
  if (StartTls.in(features) === undefined) throw new NegotiationError('The server does not offer STARTTLS.')
  await client.startTls()
  await client.openStream()
}

async function orDestroy(client: Client, steps: () => Promise<void>): Promise<Client> {
  try {
    await steps()
    return client
  } catch (error) {
    client.destroy()
    await client.closed
    throw error
  }
}
