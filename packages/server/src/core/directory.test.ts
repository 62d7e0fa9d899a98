import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Presence, parseJid } from '@meerkat/protocol'
import { type DirectoryListener, SessionDirectory, type SessionEntry } from './directory.ts'
import { type Connection, Session } from './session.ts'

const CONNECTION: Connection = {
  send: () => undefined,
  close: () => undefined,
  destroy: () => undefined,
  kind: 'c2s',
  ip: '192.0.2.1',
  port: 1,
  encrypted: true,
}

const session = (jid: string) => new Session(parseJid(jid), 'example.com', CONNECTION, 1)
const elsewhere = (jid: string, node = 'other', priority?: number): SessionEntry => ({
  jid: parseJid(jid),
  node,
  local: undefined,
  priority,
  presence: undefined,
  openedAt: 1,
  marks: [],
})
const resources = (directory: SessionDirectory, user: string) =>
  directory.of(parseJid(user)).map(({ jid, node }) => `${jid.resource} on ${node}`)

describe('session directory', () => {
  it('knows the resources of a user, oldest first, by any address of the user', () => {
    const directory = new SessionDirectory('here')
    for (const jid of ['juliet@a/1', 'juliet@a/2', 'romeo@a/1']) directory.open(session(jid))
    assert.deepEqual(resources(directory, 'juliet@a'), ['1 on here', '2 on here'])
    assert.deepEqual(resources(directory, 'juliet@a/9'), ['1 on here', '2 on here'])
    assert.deepEqual([directory.size, directory.users], [3, 2])
  })

  it('knows of what has changed since a user was looked up last', () => {
    const directory = new SessionDirectory('here')
    const [first, second] = [session('juliet@a/1'), session('juliet@a/2')]
    const user = parseJid('juliet@a')
    const count = () => directory.of(user).length
    const counts = [count()]
    directory.open(first)
    counts.push(count())
    directory.open(second)
    counts.push(count())
    directory.close(first)
    counts.push(count())
    assert.deepEqual(counts, [0, 1, 2, 1])
    assert.equal(directory.find(first.jid), undefined)
  })

  it('finds one resource by its full address', () => {
    const directory = new SessionDirectory('here')
    const juliet = session('juliet@a/1')
    directory.open(juliet)
    assert.equal(directory.find(juliet.jid)?.local, juliet)
    assert.equal(directory.find(parseJid('juliet@a/2')), undefined)
    assert.equal(directory.find(parseJid('nobody@a/1')), undefined)
  })

  it('forgets a user with the last resource, and a closed session only once', () => {
    const directory = new SessionDirectory('here')
    const sessions = [session('juliet@a/1'), session('juliet@a/2')] as const
    for (const each of sessions) directory.open(each)
    assert.equal(directory.close(sessions[0]), true)
    assert.equal(directory.close(sessions[0]), false)
    assert.deepEqual([directory.size, directory.users], [1, 1])
    directory.close(sessions[1])
    assert.deepEqual([directory.size, directory.users, directory.all()], [0, 0, []])
  })

  it('S46: a session that ends late does not take its successor of the same address with it', () => {
    const directory = new SessionDirectory('here')
    const [before, after] = [session('juliet@a/1'), session('juliet@a/1')]
    directory.open(before)
    directory.close(before)
    directory.open(after)
    directory.close(before)
    assert.equal(directory.find(after.jid)?.local, after)
  })

  it('notes presence at the session and for others; not for a session that has left', () => {
    const directory = new SessionDirectory('here')
    const juliet = session('juliet@a/1')
    directory.open(juliet)
    const presence = Presence()
    directory.setPresence(juliet, presence, 5)
    const entry = directory.find(juliet.jid)!
    assert.deepEqual([entry.priority, juliet.priority], [5, 5])
    assert.ok(entry.presence === presence && juliet.presence === presence)
    directory.close(juliet)
    directory.setPresence(juliet, undefined, undefined)
    assert.equal(juliet.presence, undefined)
    assert.equal(directory.size, 0)
  })

  it('leaves a list alone that somebody goes through', () => {
    const directory = new SessionDirectory('here')
    const juliet = session('juliet@a/1')
    directory.open(juliet)
    const seen: string[] = []
    for (const { jid } of directory.of(juliet.jid)) {
      seen.push(jid.resource)
      directory.close(juliet)
      directory.open(session('juliet@a/2'))
    }
    assert.deepEqual([seen, resources(directory, 'juliet@a')], [['1'], ['2 on here']])
  })
})

describe('session directory: other nodes', () => {
  it('replaces the earlier word of a node on the same resource', () => {
    const directory = new SessionDirectory('here')
    directory.enter(elsewhere('juliet@a/1'))
    directory.enter(elsewhere('juliet@a/1', 'other', 3))
    assert.deepEqual([directory.find(parseJid('juliet@a/1'))?.priority, directory.size], [3, 1])
    directory.leave(elsewhere('juliet@a/1'))
    assert.deepEqual([directory.size, directory.users], [0, 0])
  })

  it('forgets a node that is gone, and nothing else', () => {
    const directory = new SessionDirectory('here')
    directory.open(session('juliet@a/1'))
    directory.enter(elsewhere('juliet@a/2'))
    directory.enter(elsewhere('juliet@a/3', 'third'))
    assert.deepEqual(
      directory.leaveNode('other').map(({ jid }) => jid.toString()),
      ['juliet@a/2'],
    )
    assert.deepEqual(resources(directory, 'juliet@a'), ['1 on here', '3 on third'])
    assert.equal(directory.size, 2)
  })

  it('lists the sessions of a user in the order in which they were opened, whoever tells of them when', () => {
    const directory = new SessionDirectory('here')
    for (const [resource, openedAt] of [
      ['2', 2],
      ['3', 3],
      ['1', 1],
      ['2', 2],
    ] as const)
      directory.enter({ ...elsewhere(`juliet@a/${resource}`), openedAt })
    assert.deepEqual(
      directory.of(parseJid('juliet@a')).map(({ jid }) => jid.resource),
      ['1', '2', '3'],
    )
  })

  it('has one session of a full JID when it has moved from node to node', () => {
    const directory = new SessionDirectory('here')
    directory.enter(elsewhere('juliet@a/1', 'second'))
    directory.enter({ ...elsewhere('juliet@a/1', 'third'), openedAt: 2 })
    assert.deepEqual([resources(directory, 'juliet@a'), directory.size], [['1 on third'], 1])
  })

  it('tells of its own sessions only', () => {
    const told: string[] = []
    const note = (what: string) => (entry: SessionEntry) => void told.push(`${what} ${entry.jid.resource}`)
    const listener: DirectoryListener = { changed: note('changed'), closed: note('closed') }
    const directory = new SessionDirectory('here', listener)
    const juliet = session('juliet@a/1')
    directory.open(juliet)
    directory.setPresence(juliet, Presence(), 0)
    directory.mark(juliet, 'carbons', true)
    directory.mark(juliet, 'carbons', true)
    directory.mark(juliet, 'carbons', false)
    directory.close(juliet)
    directory.close(juliet)
    directory.enter(elsewhere('juliet@a/2'))
    directory.leaveNode('other')
    assert.deepEqual(told, ['changed 1', 'changed 1', 'changed 1', 'changed 1', 'closed 1'])
  })
})
