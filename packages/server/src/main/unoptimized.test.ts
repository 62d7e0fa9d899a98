import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'

/** Calls a function often, and says whether V8 has optimized it before and behind `optimize`. */
const PROGRAM = `
  const { optimize, optimizeLater } = await import(${JSON.stringify(new URL('./unoptimized.ts', import.meta.url).href)})
  optimizeLater()
  const status = new Function('f', 'return %GetOptimizationStatus(f)')
  const OPTIMIZED = 1 << 4
  const hot = (n) => { let sum = 0; for (let i = 0; i < n; i++) sum += i % 7; return sum }
  const warm = async (rounds) => {
    for (let round = 0; round < rounds && !(status(hot) & OPTIMIZED); round++) {
      for (let i = 0; i < 20_000; i++) hot(20)
      // Code that another thread compiles is put in between two calls.
      await new Promise(setImmediate)
    }
    return Boolean(status(hot) & OPTIMIZED)
  }
  const before = await warm(20)
  optimize()
  console.log(before, await warm(10_000))
`

describe('A start', () => {
  it('is not optimized, and what comes behind it is', () => {
    const said = execFileSync(process.execPath, ['--allow-natives-syntax', '--input-type=module', '-e', PROGRAM])
    assert.equal(said.toString(), 'false true\n')
  })
})
