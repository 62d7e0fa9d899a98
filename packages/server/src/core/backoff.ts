/** Pauses between attempts at something that fails. */

/**
 * The pause after so many failures in a row (1 or more): `first` doubled each time, up to `most`, in whatever unit they have. Up to a half is
 * cut off at random, so that those who failed together do not come back together.
 */
export function backoff(failures: number, first: number, most: number, random: () => number = Math.random): number {
  const whole = Math.min(most, first * 2 ** Math.min(failures - 1, 30))
  return whole * (1 - random() / 2)
}
