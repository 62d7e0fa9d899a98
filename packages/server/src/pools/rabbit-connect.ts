/** Makes and breaks the driver's connections. The driver is loaded when the first one is made. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ChannelModel } from 'amqplib'
import type { PoolOf } from '../core/config/types.ts'
import { type DriversConnection, readAnswers } from './rabbit-answers.ts'
import { PublicationFrames } from './rabbit-frames.ts'
import { certificateFault, tlsClientOptions } from './tls-client.ts'

/** The settings of a pool. */
export type RabbitSettings = PoolOf<'rabbit'>['settings']

/** Seconds between two signs of life; after two without one the connection counts as lost. */
const HEARTBEAT = 10

/** Connects and logs in; rejects within `call_timeout` of silence. */
export async function connectRabbit(settings: RabbitSettings, name: string): Promise<ChannelModel> {
  const { connect } = await import('amqplib')
  const { host, port, username, password, virtual_host, tls } = settings.connection
  const model = await connect(
    {
      protocol: tls === undefined ? 'amqp' : 'amqps',
      hostname: host,
      port,
      username,
      password,
      // The driver decodes it as if it came from a URL.
      vhost: encodeURIComponent(virtual_host),
      heartbeat: HEARTBEAT,
    },
    {
      ...(tls !== undefined && tlsClientOptions(tls)),
      noDelay: true,
      keepAlive: true,
      timeout: settings.call_timeout,
      clientProperties: { connection_name: name },
    },
  ).catch((error: Error) => {
    // The driver drops the broker's words at this step only.
    if (!error.message.startsWith('Expected ConnectionOpenOk; got <ConnectionClose')) throw error
    throw new Error(`the broker does not let "${username}" into the virtual host "${virtual_host}", or there is none`)
  })
  const fault = tls === undefined ? undefined : certificateFault(tls, socketOf(model) as TLSSocket)
  if (fault === undefined) return model
  model.on('error', () => undefined)
  destroyRabbit(model, fault)
  throw new Error(`the broker's certificate is not accepted: ${fault}`)
}

/** What the driver does slowly is done past it: publications go out (rabbit-frames.ts), and what the broker says of them comes in (rabbit-answers.ts). */
export function bypass(model: ChannelModel): PublicationFrames {
  const connection = model.connection as unknown as DriversConnection & { readonly frameMax: number }
  readAnswers(connection)
  return new PublicationFrames(socketOf(model), connection.frameMax)
}

/** Breaks a connection without a word to the broker; its listeners are told `reason`. */
export function destroyRabbit(model: ChannelModel, reason: string): void {
  socketOf(model).destroy(new Error(reason))
}

/** The driver has no other way to end a connection whose other side no longer answers. */
function socketOf(model: ChannelModel): Socket {
  return (model.connection as unknown as { readonly stream: Socket }).stream
}
