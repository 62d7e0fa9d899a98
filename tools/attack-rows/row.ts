/** One row of the table of attacks and faults. */
export interface AttackRow {
  /** Its name, which stands in the titles of its tests: `S` and a number for an attack, `R` and a number for a fault. */
  readonly row: string
  /** What is tried, or what breaks. */
  readonly tried: string
  /** What the server does. */
  readonly answer: string
  /** Parts that have no test because what they attack is not built, each by name. */
  readonly notBuilt: readonly string[]
}

/** A row as the lists write it. */
export function attack(row: string, tried: string, answer: string, ...notBuilt: string[]): AttackRow {
  return { row, tried, answer, notBuilt }
}
