import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { it } from 'node:test'

const module = JSON.stringify(import.meta.resolve('./memory-switches.ts'))

function run(program: string, ...switches: string[]): { stdout: string; stderr: string } {
  return spawnSync(process.execPath, [...switches, '--input-type=module', '-e', program], { encoding: 'utf8' })
}

it('V8 is told what it knows about memory, and another one nothing', () => {
  for (const version of ['process.versions.v8', "'14.1.146.11'"]) {
    const { stdout, stderr } = run(
      `import { setMemorySwitches } from ${module}; setMemorySwitches(${version}); console.log('done')`,
    )
    assert.deepEqual([stdout, stderr], ['done\n', ''], version)
  }
})

/** Fills nine tenths of a heap, and collects again and again in vain. */
const inVain = (before: string): string => `
  import { setMemorySwitches } from ${module}
  import { getHeapStatistics } from 'node:v8'
  ${before}
  const kept = []
  while (getHeapStatistics().used_heap_size < 36 * 1024 * 1024) kept.push(new Array(1000).fill({}))
  for (let round = 0; round < 30; round++) gc()
  for (let round = 0; round < 3000; round++) kept[round % 400] = new Array(1000).fill(round)
  console.log('alive')`

it('R22: collections that find little do not end the process', () => {
  const small = ['--expose-gc', '--max-old-space-size=40', '--max-semi-space-size=1']
  assert.match(run(inVain(''), ...small).stderr, /Ineffective mark-compacts/)
  assert.equal(run(inVain('setMemorySwitches()'), ...small).stdout, 'alive\n')
})
