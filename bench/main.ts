/**
 * Runs the benchmarks that stand beside the packages, one after another: `npm run bench`, or `npm run bench -- xml` for those whose path has the
 * word. Each prints its own table; figures of one run compare with each other, not with those of another machine or day.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const wanted = process.argv.slice(2)
// A file that only others import has no benchmark to run: those are named for what they hold.
const helpers = /\/(corpus|forbidden|parsers|worker)[^/]*$/
const files = globSync('packages/*/bench/*.ts', { cwd: root })
  .filter((file) => !file.endsWith('.d.ts') && !file.includes('.test.') && !helpers.test(file))
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
  .toSorted()

for (const file of files) {
  console.log(`\n${file}`)
  const { status } = spawnSync(process.execPath, [join(root, file)], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
