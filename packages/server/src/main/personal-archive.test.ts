import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { crc32, inflateRawSync } from 'node:zlib'
import { type ArchiveEntry, writeArchive } from './personal-archive.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function* entries(files: Readonly<Record<string, readonly string[]>>): AsyncGenerator<ArchiveEntry> {
  for (const [name, pieces] of Object.entries(files))
    yield {
      name,
      text: (async function* () {
        yield* pieces
      })(),
    }
}

/** Reads an archive by its central directory, as every program does. */
function read(bytes: Buffer): Record<string, string> {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
  const files: Record<string, string> = {}
  let at = bytes.readUInt32LE(end + 16)
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    assert.equal(bytes.readUInt32LE(at), 0x02014b50)
    const [crc, packed, size] = [16, 20, 24].map((place) => bytes.readUInt32LE(at + place)) as [number, number, number]
    const length = bytes.readUInt16LE(at + 28)
    const offset = bytes.readUInt32LE(at + 42)
    const name = bytes.toString('utf8', at + 46, at + 46 + length)
    const start = offset + 30 + bytes.readUInt16LE(offset + 26)
    const text = inflateRawSync(bytes.subarray(start, start + packed))
    assert.deepEqual([text.length, crc32(text)], [size, crc], name)
    files[name] = text.toString()
    at += 46 + length
  }
  return files
}

describe('archives of personal data', () => {
  it('hold their files, and are for nobody else', async (t) => {
    const file = join(folder(t), 'a.zip')
    const big = Array.from({ length: 2000 }, (_, i) => `line ${i} ${'ü'.repeat(50)}\r\n`)
    await writeArchive(
      file,
      entries({ 'roster.csv': ['jid\r\n', 'bob@example.com\r\n'], 'mam_pm.csv': big, empty: [] }),
    )
    assert.deepEqual(read(readFileSync(file)), {
      'roster.csv': 'jid\r\nbob@example.com\r\n',
      'mam_pm.csv': big.join(''),
      empty: '',
    })
    assert.equal(statSync(file).mode & 0o777, 0o600)
  })

  it('replace nothing, and leave nothing when they fail', async (t) => {
    const path = folder(t)
    const file = join(path, 'a.zip')
    await writeArchive(file, entries({}))
    await assert.rejects(writeArchive(file, entries({})), { code: 'EEXIST' })
    await assert.rejects(writeArchive(path, entries({})), { code: 'EISDIR' })
    await assert.rejects(writeArchive(join(path, 'no/a.zip'), entries({})), { code: 'ENOENT' })
    const failing = (async function* (): AsyncGenerator<ArchiveEntry> {
      yield* entries({ a: ['x'] })
      throw new Error('the store is away')
    })()
    await assert.rejects(writeArchive(join(path, 'b.zip'), failing), /the store is away/)
    assert.equal(existsSync(join(path, 'b.zip')), false)
  })
})
