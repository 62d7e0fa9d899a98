import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { ERROR } from './exit.ts'
import { findPlace } from './place.ts'

function written(t: TestContext, text: string): { folder: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'meerkat.toml')
  writeFileSync(file, text)
  return { folder, file }
}

describe('where the server lives', () => {
  it('is told by data_dir, relative to the configuration', async (t) => {
    const { folder, file } = written(t, '[general]\n  data_dir = "state"\n')
    const place = await findPlace(file, {})
    assert.deepEqual(
      [place.config, place.dataDir, place.socket],
      [file, join(folder, 'state'), join(folder, 'state', 'meerkat.sock')],
    )
  })

  it('is data beside the configuration when nothing else is said', async (t) => {
    const { folder, file } = written(t, '[general]\n')
    assert.equal((await findPlace(undefined, { MEERKAT_CONFIG: file })).dataDir, join(folder, 'data'))
  })

  it('MEERKAT_SOCKET names the socket', async (t) => {
    const { file } = written(t, '')
    assert.equal((await findPlace(file, { MEERKAT_SOCKET: '/run/m.sock' })).socket, '/run/m.sock')
  })

  it('a configuration that is not there or no TOML is an error', async (t) => {
    const { folder, file } = written(t, 'general = [')
    await assert.rejects(findPlace(join(folder, 'other.toml'), {}), { exitCode: ERROR })
    await assert.rejects(findPlace(file, {}), { exitCode: ERROR })
  })
})
