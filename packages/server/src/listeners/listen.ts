/** Opening a port for streams. */
import type { Server } from 'node:net'

/** Where a listener listens; how many connections may wait to be accepted. */
export interface Place {
  readonly port: number
  readonly address: string | undefined
  readonly backlog: number
}

/** Starts to listen; resolves with the port. Rejects when the port is taken (R28); what goes wrong later is told to `failed`. */
export function listenOn(server: Server, place: Place, failed: (error: Error) => void): Promise<number> {
  const { port, address, backlog } = place
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: address, backlog }, () => {
      server.off('error', reject)
      // R23: out of file descriptors; what is connected goes on, and accepting goes on when there is room.
      server.on('error', failed)
      const bound = server.address()
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port)
    })
  })
}
