import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { lockFolder } from './folder-lock.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

const LOCKER = `import { lockFolder } from ${JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href)}
lockFolder(process.argv[1])
console.log('locked')
setInterval(() => {}, 1000)`

describe('the lock of a data folder', () => {
  it('is for one at a time', (t) => {
    const path = folder(t)
    const lock = lockFolder(path)
    assert.throws(() => lockFolder(path), /another server uses the data folder/)
    lock.release()
    lockFolder(path).release()
  })

  it('R1: ends with its process, also with one that was killed', async (t) => {
    const path = folder(t)
    const child = spawn(process.execPath, ['--input-type=module', '-e', LOCKER, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.after(() => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    assert.throws(() => lockFolder(path), /another server/)
    child.kill('SIGKILL')
    await once(child, 'exit')
    lockFolder(path).release()
  })
})
