import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, existsSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { silentLog } from '../../core/log.ts'
import { openControlSocket } from './control-socket.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const open = async (t: TestContext, path: string, word = 'here') => {
  const socket = await openControlSocket(path, (_request, response) => response.end(word), silentLog())
  t.after(() => socket.close())
  return socket
}

const ask = (socketPath: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/graphql', agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text))
    })
    asked.on('error', reject).end()
  })

describe('the control socket', () => {
  it('is open to its user only, and gone when closed', async (t) => {
    const path = join(folder(t), 'meerkat.sock')
    const mask = process.umask()
    const socket = await open(t, path)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(process.umask(), mask)
    assert.equal(await ask(path), 'here')
    await socket.close()
    assert.equal(existsSync(path), false)
  })

  it('replaces the file of a server that was killed', async (t) => {
    const path = join(folder(t), 'meerkat.sock')
    // A process that ends without closing leaves the file, and nobody listens on it.
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', script])
    assert.equal(existsSync(path), true)
    await open(t, path)
    assert.equal(await ask(path), 'here')
  })

  it('leaves the socket of a running server alone', async (t) => {
    const path = join(folder(t), 'meerkat.sock')
    await open(t, path, 'first')
    await assert.rejects(open(t, path, 'second'), /another server is running/)
    assert.equal(await ask(path), 'first')
  })

  it('says when the path is too long', async (t) => {
    await assert.rejects(open(t, join(folder(t), 'x'.repeat(120))), /choose a shorter data_dir/)
  })
})
