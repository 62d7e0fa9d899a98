/** A figure for the results: rounded, and null when there is none. */
export const round = (value: number | undefined, digits = 1): number | null =>
  value !== undefined && Number.isFinite(value) ? Number(value.toFixed(digits)) : null
