import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { nodeStatus, statusOrNone } from './control.ts'
import { ERROR, SUCCESS } from './exit.ts'
import { check, init, restart, start, statusText, stop } from './lifecycle.ts'
import type { Place } from './place.ts'

/** A program that does what the command line needs of a server, and notes its arguments. */
const SERVER = `
import { createServer } from 'node:http'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
const socket = SOCKET
writeFileSync(join(dirname(socket), 'arguments'), process.argv.slice(2).join(' '))
let startedAt = 1, state = 'starting'
setTimeout(() => { state = 'started' }, 100)
createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => (body += chunk))
  request.on('end', () => {
    if (body.includes('restart')) startedAt++
    if (body.includes('stop')) setTimeout(() => process.exit(), 100)
    response.end(JSON.stringify(request.url === '/status' ? { pid: process.pid, state, startedAt } : { data: {} }))
  })
}).listen(socket)
`

function placed(t: TestContext, program: string): Place {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const dataDir = join(folder, 'data')
  const socket = join(dataDir, 'm.sock')
  const main = join(folder, 'main.mjs')
  writeFileSync(main, program.replace('SOCKET', JSON.stringify(socket)))
  return {
    config: join(folder, 'meerkat.toml'),
    dataDir,
    socket,
    pidFile: join(dataDir, 'pid'),
    logFile: join(dataDir, 'log'),
    main,
  }
}

describe('start, restart and stop', () => {
  it('leave a server in the background that serves, and then none', async (t) => {
    const place = placed(t, SERVER)
    assert.equal(await start(place), SUCCESS)
    const { pid, state } = await nodeStatus(place.socket)
    // Should a check below fail, the server must not outlive the test.
    t.after(() => statusOrNone(place.socket).then((left) => left !== undefined && process.kill(pid)))
    assert.equal(state, 'started')
    assert.equal(readFileSync(place.pidFile, 'utf8'), `${pid}\n`)
    assert.equal(readFileSync(join(place.dataDir, 'arguments'), 'utf8'), `-c ${place.config}`)
    assert.equal(statSync(place.dataDir).mode & 0o777, 0o700)
    await assert.rejects(start(place), { exitCode: ERROR, message: 'The server is already running' })
    assert.equal(await restart(place), SUCCESS)
    assert.equal(await stop(place), SUCCESS)
    assert.equal(await statusOrNone(place.socket), undefined)
    assert.equal(existsSync(place.pidFile), false)
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  })

  it('a server that ends at once is told with its last words', async (t) => {
    const place = placed(t, 'console.error("meerkat.toml:5: modules.mod_ping: no"); process.exit(1) // SOCKET')
    await assert.rejects(start(place), (error: Error) =>
      /ended at once[^]*meerkat\.toml:5: modules/.test(error.message),
    )
    assert.equal(existsSync(place.pidFile), false)
  })
})

describe('the data folder', () => {
  it('is for its owner alone, whichever command makes it', async (t) => {
    const place = placed(t, '// SOCKET')
    assert.equal(await check(place), SUCCESS)
    assert.equal(statSync(place.dataDir).mode & 0o777, 0o700)
  })

  it('is not made by init, which knows of none', async (t) => {
    const place = placed(t, '// SOCKET')
    assert.equal(await init(place, ['meerkat.toml']), SUCCESS)
    assert.equal(existsSync(place.dataDir), false)
  })
})

describe('status', () => {
  const running = {
    node: 'meerkat@localhost',
    pid: 7,
    state: 'started',
    version: '1.2.3',
    startedAt: 0,
    uptimeSeconds: 90_061,
    logFiles: [],
    sinks: [],
  } as const
  const told = (sinks: Parameters<typeof statusText>[0]['sinks']) => statusText({ ...running, sinks }).split('\n')

  it('has nothing about event sinks that run', () => {
    assert.deepEqual(told([]).slice(5), [
      '    uptime: 1 days 01:01:01',
      '    distribution protocol: none',
      '    logs: standard error',
    ])
  })

  it("R10: has a line for each event sink that does not, with the broker's own words", () => {
    const at = { name: 'rabbit@example.com' }
    const lines = told([
      { ...at, state: 'failing', error: "PRECONDITION_FAILED - inequivalent arg 'type'\n\u001b[2J for exchange" },
      { ...at, state: 'paused', error: '' },
    ])
    assert.deepEqual(lines.slice(8), [
      "    event sink rabbit@example.com: failing: PRECONDITION_FAILED - inequivalent arg 'type' [2J for exchange",
      '    event sink rabbit@example.com: paused',
    ])
  })
})
