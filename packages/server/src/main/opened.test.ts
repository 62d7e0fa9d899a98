import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Opened } from './opened.ts'

describe('R20: what a server has opened', () => {
  it('is closed in reverse order, one after the other', async () => {
    const closed: string[] = []
    const opened = new Opened()
    for (const name of ['store', 'hosts', 'listener'])
      opened.on(name, async () => {
        await new Promise(setImmediate)
        closed.push(name)
      })
    await opened.close(() => assert.fail())
    assert.deepEqual(closed, ['listener', 'hosts', 'store'])
  })

  it('is closed though a part fails, or never ends; the log names it', async () => {
    const closed: string[] = []
    const failures: string[] = []
    const opened = new Opened(1)
    opened.on('store', () => void closed.push('store'))
    opened.on('pool', () => Promise.reject(new Error('no connection')))
    opened.on('hosts', () => new Promise(() => undefined))
    opened.on('listener', () => {
      throw new Error('gone')
    })
    await opened.close((what, error) => failures.push(`${what} ${error.message}`))
    assert.deepEqual(failures, [
      'stop_failed listener: Error: gone',
      'stop_stuck hosts: has not ended; the rest goes on',
      'stop_failed pool: Error: no connection',
    ])
    assert.deepEqual(closed, ['store'])
  })
})
