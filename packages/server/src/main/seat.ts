/** The place of a server among others in its process. A server of its own has none. */
import type { Kernel } from '../core/kernel.ts'
import type { Transport } from '../core/transport/index.ts'

/** Where a server sits. */
export interface Seat {
  /** The name under which it writes events. */
  readonly node: string
  readonly transport: Transport
  /** The kernel whose store, clock and data folder it shares; undefined for the first of a process. */
  readonly beside: Kernel | undefined
}
