/** The tour of README.md, as somebody would type it. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a reader types into a terminal, and what a reader appends to the configuration, in order. */
export interface Tour {
  readonly commands: readonly string[]
  readonly appended: string
  /** The payload that the reader is told to find in the queue. */
  readonly payload: string
}

/** Reads the section "A tour": indented lines are commands, the block marked `toml` is appended. */
export function readTour(file = join(dirname(import.meta.dirname), 'README.md')): Tour {
  const section = /^## A tour\n(.*?)^## /ms.exec(readFileSync(file, 'utf8'))?.[1] ?? ''
  const block = /^ *```toml\n(.*?)^ *```$/ms.exec(section)
  return {
    // Below a numbered paragraph, code is indented by three and four more.
    commands: [...section.matchAll(/^ {7}(\S.*)$/gm)].map(([, command]) => command ?? ''),
    appended: (block?.[1] ?? '').replaceAll(/^ {3}/gm, ''),
    payload: /payload is `(.*)`/.exec(section)?.[1] ?? '',
  }
}
