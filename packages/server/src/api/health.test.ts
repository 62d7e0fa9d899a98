import assert from 'node:assert/strict'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, describe, it } from 'node:test'
import { type Database, StorageError } from '../core/database.ts'
import { memoryDatabase } from '../storage/memory.ts'
import { apiStory } from './api-story.fixture.ts'
import type { RequestHandler } from './endpoint.ts'
import { healthHandler, metricsHandler, readyHandler } from './health.ts'

/** Serves a handler on the loopback address, and gives its address. */
async function served(t: TestContext, handle: RequestHandler): Promise<string> {
  const server: Server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const ask = async (url: string): Promise<unknown[]> => {
  const response = await fetch(url, { headers: { connection: 'close' } })
  return [response.status, await response.json()]
}

describe('health', () => {
  it('is told as long as the process turns', async (t) => {
    assert.deepEqual(await ask(await served(t, healthHandler())), [200, { alive: true }])
  })
})

describe('readiness', () => {
  it('is told while the node serves, and refused when it starts or stops', async (t) => {
    const { story, node } = await apiStory(t)
    const url = await served(t, readyHandler(story.kernel))
    assert.deepEqual(await ask(url), [200, { ready: true }])
    node.phase = 'stopping'
    assert.deepEqual(await ask(url), [503, { ready: false, reasons: ['the server is stopping'] }])
    node.phase = 'started'
    story.kernel.room.shortage = 'the heap is nearly full'
    assert.deepEqual(await ask(url), [503, { ready: false, reasons: ['the heap is nearly full'] }])
    node.phase = 'starting'
    assert.deepEqual(await ask(url), [503, { ready: false, reasons: ['the server is starting'] }])
  })

  it('is refused when the store fails or does not answer, without a word of the statement', async (t) => {
    const storage: Database = memoryDatabase()
    const { story } = await apiStory(t, { storage })
    const url = await served(t, readyHandler(story.kernel, 10))
    storage.writable = () => false
    assert.deepEqual(await ask(url), [503, { ready: false, reasons: ['the store cannot be written to'] }])
    storage.writable = () => true
    assert.deepEqual(await ask(url), [200, { ready: true }])
    storage.query = () => Promise.reject(new StorageError('io', 'the disk of alice is gone'))
    assert.deepEqual(await ask(url), [503, { ready: false, reasons: ['the store fails: io'] }])
    storage.query = () => new Promise(() => undefined)
    assert.deepEqual(await ask(url), [503, { ready: false, reasons: ['the store does not answer'] }])
  })
})

describe('the metrics handler', () => {
  it('serves the text format, to GET alone', async (t) => {
    const { story } = await apiStory(t, { users: ['romeo'] })
    const url = await served(t, metricsHandler(story.kernel))
    const response = await fetch(url, { headers: { connection: 'close' } })
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.match(await response.text(), /^sm_session_count\{host_type="example\.com"\} 1$/m)
    const posted = await fetch(url, { method: 'POST', headers: { connection: 'close' } })
    assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD'])
    await posted.text()
  })
})
