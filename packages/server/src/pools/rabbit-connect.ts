/** Makes and breaks the driver's connections. The driver is loaded when the first one is made. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ChannelModel } from 'amqplib'
import type { PoolOf } from '../core/config/types.ts'
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
  if (fault === undefined) {
    gatherWrites(socketOf(model))
    return model
  }
  model.on('error', () => undefined)
  destroyRabbit(model, fault)
  throw new Error(`the broker's certificate is not accepted: ${fault}`)
}

/** The driver writes message by message: what comes within a turn of the event loop is to be one call of the system. */
function gatherWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
  let gathering = false
  const uncork = (): void => {
    gathering = false
    socket.uncork()
  }
  socket.write = (...args: unknown[]) => {
    if (!gathering) {
      gathering = true
      socket.cork()
      setImmediate(uncork)
    }
    return write(...args)
  }
}

/** Breaks a connection without a word to the broker; its listeners are told `reason`. */
export function destroyRabbit(model: ChannelModel, reason: string): void {
  socketOf(model).destroy(new Error(reason))
}

/** The driver has no other way to end a connection whose other side no longer answers. */
function socketOf(model: ChannelModel): Socket {
  return (model.connection as unknown as { readonly stream: Socket }).stream
}
