/** Connects to the server of a domain: its targets one after the other, within bounds (S77). */
import { type Socket, connect, isIP } from 'node:net'
import type { Kernel } from '../../core/kernel.ts'
import type { S2sOptions } from './options.ts'
import type { Target } from './targets.ts'

/** How long one address is waited for before the next one is tried beside it, in milliseconds. */
const NEXT_ADDRESS_MS = 500
/** How long a connection may be silent before the operating system asks whether the other end is still there. */
const KEEP_ALIVE_MS = 60_000

/** Connects to whichever address answers first (RFC 8305). Rejects when none does in time. */
export function dial(
  kernel: Kernel,
  target: Target,
  addresses: readonly string[],
  options: S2sOptions,
): Promise<Socket> {
  const found = addresses.map((address) => ({ address, family: isIP(address) }))
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: target.host,
      port: target.port,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
      // What an address is called has been found out already.
      lookup: (_, { all }, done) =>
        all === true ? done(null, found) : done(null, found[0]!.address, found[0]!.family),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    })
    const late = kernel.timers.after(options.connectTimeoutMs / 1000, () => {
      socket.destroy(new Error(`${target.host}:${target.port} does not answer`))
    })
    socket.once('error', (error) => {
      late.cancel()
      reject(error)
    })
    socket.once('connect', () => {
      late.cancel()
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
