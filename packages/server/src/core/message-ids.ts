/** The ids that the server gives to messages (XEP-0359), in archives and elsewhere: an int64 that holds when the message came and where, shown in base 32. */

/** The greatest int64. */
const MAX_ID = 2n ** 63n - 1n
/** As many digits of base 32 as an int64 can have. */
const MAX_DIGITS = 13

/** The number of this node in ids, from 0 to 255; a node of a cluster needs one of its own. */
export const NODE_NUMBER = 0

/** The id of a message that came at `micros` (since the epoch, different for every message of the node). */
export function archiveId(micros: number, node: number = NODE_NUMBER): bigint {
  return (BigInt(micros) << 8n) | BigInt(node)
}

/** When the message with this id came: microseconds since the epoch. */
export function microsOf(id: bigint): number {
  return Number(id >> 8n)
}

/** The least id that a message of this time can have, as far as an int64 goes. */
export function leastIdAt(micros: number): bigint {
  return within(BigInt(micros) << 8n)
}

/** The greatest id that a message of this time can have, as far as an int64 goes. */
export function greatestIdAt(micros: number): bigint {
  return within((BigInt(micros) << 8n) | 255n)
}

function within(id: bigint): bigint {
  if (id > MAX_ID) return MAX_ID
  return id < -1n ? -1n : id
}

/** The id as clients see it: digits 0–9 and A–V. */
export function encodeId(id: bigint): string {
  return id.toString(32).toUpperCase()
}

/** Reads an id that a client has sent, in capitals or not; undefined when it can be none. */
export function decodeId(text: string): bigint | undefined {
  if (text.length === 0 || text.length > MAX_DIGITS) return undefined
  let id = 0n
  for (let i = 0; i < text.length; i++) {
    const digit = digitOf(text.charCodeAt(i))
    if (digit === undefined) return undefined
    id = (id << 5n) | BigInt(digit)
  }
  return id > MAX_ID ? undefined : id
}

function digitOf(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code & ~0x20
  return letter >= 0x41 && letter <= 0x56 ? letter - 0x41 + 10 : undefined
}
