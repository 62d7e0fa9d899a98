import { deepEqual, equal, ok } from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, describe, it } from 'node:test'
import { temporaryFolder } from '../testing/folder.ts'

const noPrlimit = spawnSync('prlimit', ['--version']).error !== undefined

describe('sqlite on a medium that cannot grow', () => {
  const folder = temporaryFolder()
  after(() => folder.remove())

  it('R8: refuses writes, reads on, and goes on when there is space again', { skip: noPrlimit }, async () => {
    const script = join(import.meta.dirname, '../testing/filling-writer.ts')
    // The soft limit of the size of a file, in blocks of 512 bytes; writing beyond it fails instead of killing the process.
    const command = `trap '' XFSZ; ulimit -S -f 4000; exec "$0" "$1" "$2"`
    const child = spawn('sh', ['-c', command, process.execPath, script, join(folder.path, 'x.db')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const next = async () => JSON.parse(String((await lines.next()).value)) as Record<string, unknown>

    const { problems, acknowledged, readable } = await next()
    deepEqual(problems, ['io'], 'EFBIG is an I/O error to SQLite')
    ok(Number(acknowledged) > 50)
    equal(readable, acknowledged, 'exactly what was acknowledged is there')

    execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:'])
    child.stdin.write('\n')
    deepEqual(await next(), { rows: Number(acknowledged) + 1, check: [{ integrity_check: 'ok' }] })
    child.stdin.end()
    await new Promise((resolve) => child.once('close', resolve))
  })
})
