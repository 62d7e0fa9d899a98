/** Configuration files of the peers, with `@NAME@` where something is filled in. */
import { readFileSync, writeFileSync } from 'node:fs'

/** Writes `target` from `template`; a name without a value is an error. */
export function fillIn(template: URL, target: string, values: Readonly<Record<string, string | number>>): void {
  const text = readFileSync(template, 'utf8').replaceAll(/@([A-Z]+)@/g, (_, name: string) => {
    if (values[name] === undefined) throw new Error(`${template.pathname} has @${name}@, which nobody fills in`)
    return String(values[name])
  })
  writeFileSync(target, text)
}
