/** A client that is not ours finds the upload service by itself, and uploads files there (XEP-0363). */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { freshUser } from '@meerkat/client/testing'
import { CERTIFICATE_FILE } from '../e2e/config.ts'
import { startServer } from '../e2e/harness.ts'

const server = await startServer({
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_http_upload]
max_file_size = 1_000_000`,
  extra: `[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.meerkat_upload_handler]]
host = "_"
path = "/upload"`,
})

/** What slixmpp tells of an upload. */
async function upload(name: string, content: Buffer): Promise<{ readonly url?: string; readonly error?: string }> {
  const { jid, password } = await freshUser(server, 'foreign')
  const program = join(import.meta.dirname, 'uploads/upload.py')
  const certificate = join(server.folder, CERTIFICATE_FILE)
  const args = [program, `${jid}/foreign`, password, server.host, String(server.port), certificate, name]
  const child = spawn('/usr/bin/python3', args, { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.end(content)
  return (await json(child.stdout)) as { url?: string; error?: string }
}

const isAbsent = spawnSync('/usr/bin/python3', ['-c', 'import slixmpp, aiohttp']).status !== 0

describe('slixmpp', { skip: isAbsent && 'slixmpp or aiohttp is not installed' }, () => {
  test('XEP-0363: it uploads a picture, which everybody with its address sees', async () => {
    const picture = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 31) & 255))
    const { url } = await upload('très cool.png', picture)
    assert.match(url ?? 'nowhere', /^http:\/\/localhost:\d+\/upload\/localhost\/[0-9a-f]{32}\/tr%C3%A8s%20cool\.png$/)
    const fetched = await fetch(url!)
    assert.equal(fetched.headers.get('content-type'), 'image/png')
    assert.deepEqual(Buffer.from(await fetched.arrayBuffer()), picture)
  })

  test('XEP-0363 §3: it sees what is too large before it asks', async () => {
    assert.deepEqual(await upload('a.bin', Buffer.alloc(1_000_001)), { error: 'FileTooBig' })
  })
})
