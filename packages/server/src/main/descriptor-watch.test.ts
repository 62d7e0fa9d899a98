import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createLog } from '../core/log.ts'
import { DescriptorWatch } from './descriptor-watch.ts'

it('R23: a shortage of file descriptors is told once, and once that it is over', () => {
  const told: unknown[] = []
  const write = (line: string) => void told.push((JSON.parse(line) as { what: unknown }).what)
  let has = true
  const watch = new DescriptorWatch(createLog('notice', { write }), () => has)
  const after = (free: boolean, looks: number): unknown[] => {
    has = free
    for (let i = 0; i < looks; i++) watch.look()
    return told.slice()
  }
  assert.deepEqual(after(true, 3), [])
  assert.deepEqual(after(false, 3), ['no_file_descriptors'])
  assert.deepEqual(after(true, 9), ['no_file_descriptors'])
  assert.deepEqual(after(false, 1), ['no_file_descriptors'])
  assert.deepEqual(after(true, 20), ['no_file_descriptors', 'file_descriptors_again'])
})
