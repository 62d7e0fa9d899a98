/** Runs the benchmarks that stand beside the packages, one after another. Each prints its own table. */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
// A file that only others import has no benchmark to run: those are named for what they hold.
const helpers = /\/(corpus|forbidden|parsers|worker)[^/]*$/

/** Runs those whose path has one of the words, all of them without a word; whether all went well. */
export function runMicro(words: readonly string[]): boolean {
  const files = globSync('packages/*/bench/*.ts', { cwd: root })
    .filter((file) => !file.endsWith('.d.ts') && !file.includes('.test.') && !helpers.test(file))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .toSorted()
  let well = files.length > 0
  for (const file of files) {
    console.log(`\n${file}`)
    const { status } = spawnSync(process.execPath, [join(root, file)], { cwd: root, stdio: 'inherit' })
    well &&= status === 0
  }
  return well
}
