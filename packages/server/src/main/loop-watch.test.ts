import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../storage/testing/folder.ts'

const SPINNER = fileURLToPath(new URL('./spinning-listener.fixture.ts', import.meta.url))

/** Runs the process, lets its listener go once `enough` holds, and gives all that it has said. */
async function blocked(args: readonly string[], enough: (heard: string) => boolean) {
  const child = spawn(process.execPath, [SPINNER, ...args], { stdio: 'pipe' })
  let [said, heard] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (heard += chunk.toString()))
  while (!enough(heard)) await once(child.stderr, 'data')
  child.stdin.end('.')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, said, lines: heard.split('\n').filter((line) => line !== '') }
}

/** The process ends by itself, so neither holds it. */
async function namesAndMeasures(args: readonly string[]): Promise<void> {
  const { code, said, lines } = await blocked(args, (heard) => heard.includes('\n'))
  assert.deepEqual([code, said], [0, 'blocking\nmeasured\n'])
  assert.equal(lines.length, 1)
  const line = JSON.parse(lines[0]!) as Record<string, unknown>
  assert.equal(line['what'], 'event_loop_blocked')
  assert.equal(line['culprit'], 'mod_slow (hook something slow)')
  // Perhaps within what it calls.
  assert.match(String(line['stack']), /\bkeepTheLoop \(.*spinning-listener\.fixture\.ts:\d+\)/)
}

describe('R21: the watch over the event loop', () => {
  it('names the module and the hook while they keep it, and measures when it is over', () => namesAndMeasures([]))

  it('does so in the thread that writes the store, too', async () => {
    const folder = temporaryFolder()
    try {
      await namesAndMeasures([folder.path])
    } finally {
      folder.remove()
    }
  })
})
