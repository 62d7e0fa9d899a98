/** Unguessable texts: ids of streams, nonces, resources. */
import { randomFillSync } from 'node:crypto'

/** Random bytes are made some thousands at a time: a call into the system's generator for each text costs more than all else about it. */
const pool = Buffer.allocUnsafeSlow(4096)
let used = pool.length

/** So many random bytes (at most 4096) as a text; no byte is given twice. */
export function randomText(bytes: number, encoding: 'hex' | 'base64' | 'base64url'): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const text = pool.toString(encoding, used, used + bytes)
  // What was given is nobody else's business.
  pool.fill(0, used, used + bytes)
  used += bytes
  return text
}
