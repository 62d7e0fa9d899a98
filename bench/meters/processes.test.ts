import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { cpuTime, machineTime, memory } from './processes.ts'

test(
  'a process counts with its descendants, those that have ended included',
  { skip: process.platform !== 'linux' },
  async () => {
    // The shell waits for a child that works, and then waits itself.
    const script = 'i=0; (while [ $i -lt 300000 ]; do i=$((i+1)); done); echo done; read line'
    const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] })
    try {
      await once(child.stdout, 'data')
      const pids = [child.pid!]
      const used = cpuTime(pids)
      assert.ok(used.total > 0, 'the work of the child that has ended')
      assert.equal(used.total, used.user + used.system)
      assert.ok(memory(pids).rss > 0)
      assert.ok(machineTime().total >= machineTime().idle)
    } finally {
      child.kill()
    }
  },
)

test('a process that is gone has used nothing', { skip: process.platform !== 'linux' }, () => {
  assert.deepEqual(cpuTime([2 ** 30]), { user: 0, system: 0, total: 0 })
  assert.equal(memory([2 ** 30]).rss, 0)
})
