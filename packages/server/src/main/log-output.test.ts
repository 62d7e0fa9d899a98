import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import process from 'node:process'
import { describe, it } from 'node:test'
import { type WriteSome, lineWriter } from './log-output.ts'

/** A disk with so much room, and what is on it. */
class Disk {
  room: number
  text = ''

  constructor(room: number) {
    this.room = room
  }

  readonly write: WriteSome = (bytes) => {
    const part = bytes.subarray(0, this.room)
    if (part.length === 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    this.room -= part.length
    this.text += Buffer.from(part).toString()
    return part.length
  }
}

describe('R8: a log on a full disk', () => {
  it('loses lines, says how many when there is room again, and has no line that is joined with another', () => {
    const disk = new Disk(11)
    const write = lineWriter(disk.write)
    for (const line of ['{"a":1}\n', '{"a":2}\n', '{"a":3}\n']) write(line)
    assert.equal(disk.text, '{"a":1}\n{"a')
    disk.room = 1_000
    for (const line of ['{"a":4}\n', '{"a":5}\n']) write(line)
    const [, , told = '', ...rest] = disk.text.split('\n')
    const { what, count } = JSON.parse(told) as Record<string, unknown>
    assert.deepEqual([what, count], ['log_lines_lost', 2])
    assert.deepEqual(rest, ['{"a":4}', '{"a":5}', ''])
  })

  it('goes on counting while there is too little', () => {
    const disk = new Disk(0)
    const write = lineWriter(disk.write)
    write('1\n')
    disk.room = 5
    write('2\n')
    disk.room = 1_000
    write('3\n')
    assert.match(disk.text, /^\{"lev\n\{.*"log_lines_lost","count":2\}\n3\n$/)
  })

  it('waits a while for a reader that is slow', () => {
    let calls = 0
    const written: string[] = []
    const write = lineWriter((bytes) => {
      if (++calls < 3) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' })
      written.push(Buffer.from(bytes).toString())
      return bytes.length
    })
    write('a line\n')
    assert.deepEqual(written, ['a line\n'])
  })

  it('is no fault of who writes to it', { skip: !existsSync('/dev/full') }, () => {
    const program = `
      import { createLog } from ${JSON.stringify(import.meta.resolve('../core/log.ts'))}
      import { lineWriter } from ${JSON.stringify(import.meta.resolve('./log-output.ts'))}
      const log = createLog('info', { write: lineWriter() })
      for (let i = 0; i < 3; i++) log.info({ what: 'x' })
      console.log('goes on')`
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', openSync('/dev/full', 'w')],
      encoding: 'utf8',
    })
    assert.deepEqual([status, stdout], [0, 'goes on\n'])
  })
})
