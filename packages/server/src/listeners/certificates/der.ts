/** Reads DER (X.690), as far as certificates need it. */

/** One value with its tag. */
export interface DerValue {
  /** The tag with its class: 0x30 for a sequence, 0x82 for a primitive `[2]`. */
  readonly tag: number
  readonly content: Buffer
}

/** The values that stand one behind the other in `bytes`. Throws RangeError when they are cut off. */
export function* derValues(bytes: Buffer): Generator<DerValue> {
  let at = 0
  while (at < bytes.length) {
    const tag = bytes[at]!
    const { length, start } = lengthAt(bytes, at + 1)
    if (start + length > bytes.length) throw new RangeError('DER is cut off')
    yield { tag, content: bytes.subarray(start, start + length) }
    at = start + length
  }
}

/** X.690 §8.1.3: the short form, and the long one of up to three bytes. */
function lengthAt(bytes: Buffer, at: number): { length: number; start: number } {
  const first = bytes[at]
  if (first === undefined) throw new RangeError('DER is cut off')
  if (first < 0x80) return { length: first, start: at + 1 }
  const count = first & 0x7f
  if (count === 0 || count > 3 || at + count >= bytes.length) throw new RangeError('a length that DER has not')
  return { length: bytes.readUIntBE(at + 1, count), start: at + 1 + count }
}

/** An object identifier, encoded as its content stands in DER, in hexadecimal. */
export const oidOf = ({ content }: DerValue): string => content.toString('hex')
