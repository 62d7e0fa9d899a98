/** Times in ids of events. */

const DIGITS = '0123456789abcdefghijklmnopqrstuv'
/** All numbers of ten bits, as two digits of base 32. */
const PAIRS = Array.from({ length: 1024 }, (_, n) => DIGITS.charAt(n >> 5) + DIGITS.charAt(n & 31))
const HALF = 2 ** 30

/**
 * A time in microseconds, below 2^53, as twelve digits of base 32; a later one comes later in the alphabet. `toString(36)` divides a number that has more than
 * 32 bits digit by digit, and takes four times as long.
 */
export function stampOf(micros: number): string {
  const high = Math.floor(micros / HALF)
  return digits(high) + digits(micros - high * HALF)
}

const digits = (bits30: number): string =>
  PAIRS[bits30 >>> 20]! + PAIRS[(bits30 >>> 10) & 1023]! + PAIRS[bits30 & 1023]!
