/** A test in two rounds: the second one counts, and what the first one cost stands beside it. */

/** Figures of a round. */
export type Figures = Readonly<Record<string, unknown>>

/** Fields that tell how much the machine was disturbed: the worse round's stands for both. */
const DISTURBANCE = ['other_cpu_pct', 'steal_pct']

/** The figures of the second round, and with `first_` before their names those of the first. */
export function bothRounds(first: Figures, second: Figures): Figures {
  const before = Object.fromEntries(Object.entries(first).map(([name, value]) => [`first_${name}`, value]))
  const worse = DISTURBANCE.filter((name) => name in second).map((name) => [
    name,
    Math.max(Number(first[name]), Number(second[name])),
  ])
  return { ...before, ...second, ...Object.fromEntries(worse) }
}
