/** What else went on while something was measured. */

/** Percent of a core that other processes may use, and percent of the time that the host may give to others. */
const MOST_OTHER = 30
const MOST_STOLEN = 10

/** How much a run was disturbed, where 1 is as much as it may be. A run that does not say so was not. */
export const disturbance = (row: Readonly<Record<string, unknown>>): number =>
  Math.max(Number(row['other_cpu_pct'] ?? 0) / MOST_OTHER, Number(row['steal_pct'] ?? 0) / MOST_STOLEN)
