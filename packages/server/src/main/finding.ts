/** What `meerkat check` has found. */

/** One thing that was looked at. */
export interface Finding {
  /** `note`: the server starts all the same. */
  readonly state: 'ok' | 'note' | 'wrong'
  readonly text: string
}

/** It is as it should be. */
export const ok = (text: string): Finding => ({ state: 'ok', text })
/** It is odd. */
export const note = (text: string): Finding => ({ state: 'note', text })
/** It is wrong, and can be mended so. */
export const wrong = (text: string, mend: string): Finding => ({ state: 'wrong', text: `${text}: ${mend}` })

/** What is printed: a line for each, those that are wrong last. */
export function printFindings(findings: readonly Finding[]): string {
  const order = { ok: 0, note: 1, wrong: 2 }
  return findings
    .toSorted((one, other) => order[one.state] - order[other.state])
    .map(({ state, text }) => `${state.padEnd(6)} ${text}`)
    .join('\n')
}

/** What an error says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
