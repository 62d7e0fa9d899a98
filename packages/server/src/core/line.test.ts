import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message, parseJid } from '@meerkat/protocol'
import { settle } from '../testing/story.ts'
import type { Database, Write } from './database.ts'
import { Delivery } from './delivery.ts'
import { Line } from './line.ts'

const WRITE: Write = { sql: 'SELECT 1', params: [] }

/** A line over a store whose commits the test ends, and deliveries that note when they have their effects. */
function scene() {
  const commits: { resolve: () => void; reject: (error: Error) => void }[] = []
  const done: string[] = []
  const refused: string[] = []
  const failures: unknown[] = []
  const storage: Database = {
    commit: () => new Promise((resolve, reject) => commits.push({ resolve, reject })),
    query: async () => [],
    close: async () => undefined,
  }
  const line = new Line(storage, {
    refused: ({ stanza }, error) => void refused.push(`${stanza.attr('id')}: ${(error as Error).message}`),
    stepFailed: (error) => void failures.push(error),
  })
  const delivery = (id: string, from = 'juliet@example.com/1', to = 'romeo@example.com') => {
    const made = new Delivery(Message({ id }, Body({}, id)), parseJid(from), parseJid(to), 'client', 1)
    if (id.startsWith('keep')) made.keep(WRITE)
    made.afterwards(() => void done.push(id))
    return made
  }
  return { line, commits, done, refused, failures, delivery }
}

describe('line: what keeps something waits, and nothing overtakes it', () => {
  it('lets a delivery that keeps nothing have its effects at once', () => {
    const { line, done, delivery } = scene()
    assert.equal(line.pass(delivery('light')), undefined)
    assert.deepEqual(done, ['light'])
  })

  it('keeps the order of a pair when a later commit is through first', async () => {
    const { line, commits, done, delivery } = scene()
    for (const id of ['keep 1', 'keep 2', 'light']) void line.pass(delivery(id))
    commits[1]!.resolve()
    await settle()
    assert.deepEqual(done, [])
    commits[0]!.resolve()
    await settle()
    assert.deepEqual(done, ['keep 1', 'keep 2', 'light'])
  })

  it('counts all resources of both users, and all origins, as one pair', async () => {
    const { line, commits, done, delivery } = scene()
    void line.pass(delivery('keep'))
    void line.pass(delivery('light', 'juliet@example.com', 'romeo@example.com/desk'))
    assert.deepEqual(done, [])
    commits[0]!.resolve()
    await settle()
    assert.deepEqual(done, ['keep', 'light'])
  })

  it('lets others pass, in the other direction too', () => {
    const { line, done, delivery } = scene()
    void line.pass(delivery('keep'))
    void line.pass(delivery('to nurse', 'juliet@example.com/1', 'nurse@example.com'))
    void line.pass(delivery('back', 'romeo@example.com', 'juliet@example.com'))
    assert.deepEqual(done, ['to nurse', 'back'])
  })

  it('lets nothing overtake what has a place and is not ready', async () => {
    const { line, commits, done, delivery } = scene()
    const [first, second, third] = [delivery('keep 1'), delivery('2'), delivery('keep 3')]
    void line.pass(first)
    line.reserve(second)
    void line.pass(third)
    commits[0]!.resolve()
    commits[1]!.resolve()
    await settle()
    assert.deepEqual(done, ['keep 1'])
    void line.pass(second)
    await settle()
    assert.deepEqual(done, ['keep 1', '2', 'keep 3'])
    assert.equal(line.empty, true)
  })

  it('goes on when what has a place leaves it, but not before its time', async () => {
    const { line, commits, done, delivery } = scene()
    const second = delivery('2')
    void line.pass(delivery('keep 1'))
    line.reserve(second)
    void line.pass(delivery('3'))
    line.leave(second)
    await settle()
    assert.deepEqual(done, [])
    commits[0]!.resolve()
    await settle()
    assert.deepEqual(done, ['keep 1', '3'])
    assert.equal(line.empty, true)
    void line.pass(delivery('4'))
    assert.deepEqual(done, ['keep 1', '3', '4'])
  })

  it('forgets a pair that has nothing in line', async () => {
    const { line, commits, done, delivery } = scene()
    void line.pass(delivery('keep'))
    commits[0]!.resolve()
    await settle()
    void line.pass(delivery('light'))
    assert.deepEqual(done, ['keep', 'light'])
  })
})

describe('line: failures', () => {
  it('refuses a delivery whose commit fails, and goes on with the next', async () => {
    const { line, commits, done, refused, delivery } = scene()
    const first = delivery('keep 1')
    void line.pass(first)
    void line.pass(delivery('keep 2'))
    commits[1]!.resolve()
    commits[0]!.reject(new Error('disk full'))
    await assert.rejects(line.settling(first) ?? Promise.resolve(), { message: 'disk full' })
    await line.ending(first)
    assert.deepEqual([done, refused], [['keep 2'], ['keep 1: disk full']])
  })

  it('R24: a step that throws takes away neither the other steps nor what is stored', async () => {
    const { line, commits, done, refused, failures, delivery } = scene()
    const broken = (id: string) => {
      const made = delivery(id)
      made.afterwards(() => {
        throw new TypeError('oops')
      })
      made.afterwards(() => void done.push(`${id}, last step`))
      return made
    }
    void line.pass(broken('light'))
    void line.pass(broken('keep'))
    commits[0]!.resolve()
    await settle()
    assert.deepEqual(done, ['light', 'light, last step', 'keep', 'keep, last step'])
    assert.deepEqual([refused, failures.length], [[], 2])
  })
})

describe('line: what the effects of a delivery begin', () => {
  it('counts for whoever waits for the delivery, and holds up nothing behind it', async () => {
    const { line, commits, done, delivery } = scene()
    const { promise, resolve } = Promise.withResolvers<void>()
    const first = delivery('keep')
    first.afterwards(() => first.follow(promise))
    void line.pass(first)
    void line.pass(delivery('light'))
    let settled = false
    const waiting = Promise.all([line.settling(first), line.ending(first)?.then(() => (settled = true))])
    commits[0]!.resolve()
    await settle()
    assert.deepEqual([done, settled], [['keep', 'light'], false])
    resolve()
    await waiting
  })

  it('also when the delivery itself keeps nothing', async () => {
    const { line, delivery } = scene()
    const light = delivery('light')
    light.afterwards(() => light.follow(Promise.reject(new Error('disk full'))))
    void line.pass(light)
    await assert.rejects(async () => line.settling(light), { message: 'disk full' })
    await line.ending(light)
  })
})

describe('line: S53, a sender faster than the store', () => {
  /** Deliveries to `to(i)` until one has to wait; how many that took. */
  const fill = (line: Line, next: (i: number) => Delivery) => {
    let sent = 1
    while (line.pass(next(sent)) === undefined) assert.ok(++sent < 1000)
    return sent
  }

  it('has to wait, also when it sends to many users', async () => {
    const { line, commits, delivery } = scene()
    const sent = fill(line, (i) => delivery(`keep ${i}`, 'juliet@example.com/1', `user${i}@example.com`))
    assert.equal(commits.length, sent)
    assert.equal(
      fill(line, (i) => delivery(`keep ${i}`, 'nurse@example.com/1')),
      sent,
      'others are not held up',
    )
  })

  it('goes on when its last delivery has had its effects', async () => {
    const { line, commits, delivery } = scene()
    const sent = fill(line, (i) => delivery(`keep ${i}`))
    const waiting = line.pass(delivery('keep more'))
    for (const { resolve } of commits) resolve()
    await waiting
    assert.equal(
      fill(line, (i) => delivery(`keep again ${i}`)),
      sent,
    )
  })
})
