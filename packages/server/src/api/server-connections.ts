/** What the API asks of federation. */
import { sharedKey } from '../core/host.ts'

/** How many connections with other servers there are; whoever keeps them shares it with the node. */
export interface ServerConnections {
  incoming(): number
  outgoing(): number
}

/** Where the node shares them; without, there are none. */
export const serverConnections = sharedKey<ServerConnections>('connections with other servers')
