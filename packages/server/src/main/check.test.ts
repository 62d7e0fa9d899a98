import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { loadConfig } from '../core/config/index.ts'
import { lockFolder } from '../storage/sqlite/folder-lock.ts'
import { developmentCertificate } from './certificates.ts'
import { checkServer, printFindings } from './check.ts'
import { knownParts } from './known-parts.ts'
import { loadModules } from './modules.ts'

const known = knownParts(await loadModules())

const GENERAL = `[general]
hosts = ["localhost"]
default_server_domain = "localhost"
[auth]
methods = ["internal"]
[auth.internal]
`

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

/** What is wrong with a server whose configuration has these tables too; the folder is `%`. */
async function wrongs(path: string, tables: string): Promise<string[]> {
  const findings = await checkServer(() => loadConfig(join(path, 'meerkat.toml'), GENERAL + tables, known))
  return findings.filter(({ state }) => state === 'wrong').map(({ text }) => text.replaceAll(path, '%'))
}

/** A port that is listened on while the test runs. */
async function takenPort(t: TestContext): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

const listener = (port: number, more = ''): string => `[[listen.c2s]]
port = ${port}
ip_address = "127.0.0.1"
${more}
`

describe('R28: meerkat check', () => {
  it('finds nothing wrong with a server that can start', async (t) => {
    assert.deepEqual(await wrongs(folder(t), listener(0)), [])
  })

  it('tells each mistake of the file with its line', async (t) => {
    assert.deepEqual(await wrongs(folder(t), '[modules.mod_pig]\n'), [
      '%/meerkat.toml:7: modules.mod_pig: is not a known key; did you mean mod_ping?',
    ])
  })

  it('tells of a port in use, but not of those of the server itself', async (t) => {
    const [path, port] = [folder(t), await takenPort(t)]
    assert.deepEqual(await wrongs(path, listener(port)), [
      `port ${port} of 127.0.0.1 for listen.c2s is in use: stop what listens there, or choose another port`,
    ])
    const lock = lockFolder(join(path, 'data'))
    t.after(() => lock.release())
    assert.deepEqual(await wrongs(path, listener(port)), [])
  })

  it('tells of a key that belongs to another certificate, and of a file that is none', async (t) => {
    const [path, other] = [folder(t), folder(t)]
    const { certfile } = await developmentCertificate(path, ['localhost'])
    const { keyfile } = await developmentCertificate(other, ['localhost'])
    const tls = (cert: string, key: string): string => listener(0, `tls = { certfile = "${cert}", keyfile = "${key}" }`)
    const [problem] = await wrongs(path, tls(certfile, keyfile))
    assert.match(problem ?? '', /^the key .* is not that of %.*: name the files that were made together$/)
    const broken = join(path, 'broken.pem')
    writeFileSync(broken, 'nothing')
    assert.match((await wrongs(path, tls(broken, keyfile)))[0] ?? '', /broken\.pem of listen\.c2s .* cannot be read/)
  })

  it('tells of a broker that cannot be reached', async (t) => {
    const pool = (port: number): string => `[outgoing_pools.rabbit.event_pusher]
[outgoing_pools.rabbit.event_pusher.connection]
host = "127.0.0.1"
port = ${port}
`
    assert.deepEqual(await wrongs(folder(t), pool(await takenPort(t))), [])
    assert.match(
      (await wrongs(folder(t), pool(1)))[0] ?? '',
      /^\[outgoing_pools\.rabbit\.event_pusher\]: 127\.0\.0\.1:1 cannot be reached .*: start the service, or correct/,
    )
  })

  it('prints what is wrong last, where it is seen', () => {
    const text = printFindings([
      { state: 'wrong', text: 'a' },
      { state: 'ok', text: 'b' },
      { state: 'note', text: 'c' },
    ])
    assert.equal(text, 'ok     b\nnote   c\nwrong  a')
  })
})
