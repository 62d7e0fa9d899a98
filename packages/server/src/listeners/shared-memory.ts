/**
 * Reading from all connections into the same memory. By itself Node makes 64 KiB for each read, an ArrayBuffer of what came, and sends that through a
 * stream of its own, with a tick behind it to see whether there is more: 5 to 9 % of what a message costs when few come at a time (docs/performance.md).
 */
import { Socket } from 'node:net'

/** As much as Node reads at once by itself. */
const memory = Buffer.alloc(65_536)

// Clients of Node's may read so (the option `onread`), accepted connections may not, although they are the same class: what the option
// sets in a socket is found out here, by its values. Where that is not there any more, everything comes by 'data', as it does for TLS.
const unheard = (): boolean => true
const example = new Socket({ onread: { buffer: memory, callback: unheard } })
const keyOf = (value: unknown): symbol | undefined =>
  Object.getOwnPropertySymbols(example).find((key) => Reflect.get(example, key) === value)
const MEMORY = keyOf(memory)
const CALLBACK = keyOf(unheard)

/** The part of a socket that Node's C++ is. */
interface Handle {
  useUserBuffer(memory: Uint8Array): void
}

/**
 * From now on, what a plain TCP connection brings goes to `take` instead of 'data': so many bytes at the beginning of the memory, which hold until it
 * returns. What was read before, or put back, still comes by 'data', earlier. `pause` stops the reading at once. False where this Node, or this kind of
 * stream, cannot do that; all then comes by 'data'.
 */
export function readIntoShared(socket: Socket, take: (memory: Buffer, count: number) => void): boolean {
  const handle = Reflect.get(socket, '_handle') as Partial<Handle> | null | undefined
  if (MEMORY === undefined || CALLBACK === undefined || handle?.useUserBuffer === undefined) return false
  Reflect.set(socket, MEMORY, memory)
  Reflect.set(socket, CALLBACK, (count: number) => take(memory, count))
  handle.useUserBuffer(memory)
  return true
}
