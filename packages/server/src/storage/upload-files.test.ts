import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { temporaryFolder } from './testing/folder.ts'
import { DiskFiles } from './upload-files.ts'

const ID = '0123456789abcdef0123456789abcdef'
const folder = temporaryFolder()
after(() => folder.remove())
let count = 0

/** Files in a folder of their own. */
async function opened(): Promise<{ files: DiskFiles; path: string }> {
  const path = join(folder.path, String(++count))
  const files = new DiskFiles(path)
  await files.open()
  return { files, path }
}

async function write(files: DiskFiles, id: string, words: string): Promise<void> {
  const incoming = await files.create(id)
  for (const word of words) await incoming.write(Buffer.from(word))
  await incoming.finish()
}

test('a file is in its place when it is whole, and read in parts', async () => {
  const { files, path } = await opened()
  const incoming = await files.create(ID)
  await incoming.write(Buffer.from('hel'))
  assert.equal(await files.read(ID, 0, 5), undefined)
  await incoming.write(Buffer.from('lo'))
  await incoming.finish()
  assert.equal(readFileSync(join(path, '01', ID), 'utf8'), 'hello')
  assert.deepEqual(readdirSync(join(path, 'part')), [])
  assert.equal(await text((await files.read(ID, 0, 5))!), 'hello')
  assert.equal(await text((await files.read(ID, 1, 3))!), 'el')
})

test('what was not finished is dropped: at once, or when the server starts again', async () => {
  const { files, path } = await opened()
  const incoming = await files.create(ID)
  await incoming.write(Buffer.from('hel'))
  await incoming.abort()
  assert.deepEqual(readdirSync(join(path, 'part')), [])
  writeFileSync(join(path, 'part', ID), 'of a server that was killed')
  await write(files, 'a'.repeat(32), 'whole')
  await new DiskFiles(path).open()
  assert.deepEqual(readdirSync(join(path, 'part')), [])
  assert.equal(await text((await files.read('a'.repeat(32), 0, 5))!), 'whole')
})

test('S86: a file is never written twice at a time', async () => {
  const { files } = await opened()
  const incoming = await files.create(ID)
  await assert.rejects(files.create(ID), /EEXIST/)
  await incoming.abort()
})

test('files are removed, whole or not, and also when they have gone', async () => {
  const { files, path } = await opened()
  await write(files, ID, 'x')
  await files.remove([ID, ID, 'b'.repeat(32)])
  assert.equal(existsSync(join(path, '01', ID)), false)
})

test('S86: a path is made of hexadecimal digits, whatever is asked for', async () => {
  const { files, path } = await opened()
  writeFileSync(join(path, 'secret'), 'x')
  for (const id of ['../secret', 'secret', '', '..', `${ID}/..`, `${ID}\0`, ID.toUpperCase()]) {
    await assert.rejects(files.create(id), TypeError)
    await assert.rejects(files.read(id, 0, 1), TypeError)
    await assert.rejects(files.remove([id]), TypeError)
  }
})

test('R8: no room for what is larger than the medium', async () => {
  const { files } = await opened()
  assert.equal(await files.hasRoom(1), true)
  assert.equal(await files.hasRoom(2 ** 52), false)
})

const noShell = spawnSync('sh', ['-c', 'ulimit -S -f 4000']).status !== 0

test(
  'R8: a medium that takes no more is told as such, and nothing of the file stays',
  { skip: noShell && 'no ulimit' },
  async () => {
    const { path } = await opened()
    const script = `
    import { DiskFiles } from ${JSON.stringify(join(import.meta.dirname, 'upload-files.ts'))}
    const incoming = await new DiskFiles(${JSON.stringify(path)}).create('${ID}')
    try { for (;;) await incoming.write(Buffer.alloc(100_000)) } catch (error) { console.log(error.name) }
    await incoming.abort()`
    // The soft limit of the size of a file, in blocks of 512 bytes; writing beyond it fails instead of killing the process.
    const command = `trap '' XFSZ; ulimit -S -f 4000; exec "$0" --input-type=module -e "$1"`
    const child = spawn('sh', ['-c', command, process.execPath, script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const said = text(child.stdout)
    await once(child, 'close')
    assert.equal((await said).trim(), 'MediumFull')
    assert.deepEqual(readdirSync(join(path, 'part')), [])
  },
)
