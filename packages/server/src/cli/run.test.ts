import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { apiStory } from '../api/api-story.fixture.ts'
import { controlHandler } from '../api/handler.ts'
import { silentLog } from '../core/log.ts'
import { openControlSocket } from '../listeners/http/control-socket.ts'
import type { StoryOptions } from '../testing/story.ts'

const CLI = fileURLToPath(new URL('main.ts', import.meta.url))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command line in a process of its own, in an empty folder. */
function meerkat(socket: string, words: readonly string[], cwd: string): Promise<Ended> {
  const env: NodeJS.ProcessEnv = { ...process.env, MEERKAT_SOCKET: socket }
  delete env['NODE_TEST_CONTEXT']
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...words], { cwd, env }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, out, err })
    })
  })
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A server with a control socket, and the command line for it. */
async function controlled(t: TestContext, options: Partial<StoryOptions> = {}) {
  const api = await apiStory(t, options)
  const cwd = folder(t)
  const path = join(cwd, 'c.sock')
  const socket = await openControlSocket(path, controlHandler(api.story.kernel), silentLog())
  t.after(() => socket.close())
  return { ...api, socket, run: (...words: string[]) => meerkat(path, words, cwd) }
}

describe('the command line and a running server', () => {
  it('registers a user and prints the answer as JSON', async (t) => {
    const { ask, run } = await controlled(t)
    const words = ['account', 'registerUser', '--username', 'alice', '--domain', 'example.com', '--password', 'secret']
    const ended = await run(...words)
    assert.deepEqual([ended.code, ended.err], [0, ''])
    assert.deepEqual(JSON.parse(ended.out), {
      data: {
        account: {
          registerUser: { jid: 'alice@example.com', message: 'User alice@example.com successfully registered' },
        },
      },
    })
    const check = await ask('{ account { checkPassword(user: "alice@example.com", password: "secret") { correct } } }')
    assert.equal(JSON.stringify(check.body), '{"data":{"account":{"checkPassword":{"correct":true}}}}')
    const again = await run(...words)
    assert.equal(again.code, 1)
    const { errors } = JSON.parse(again.out) as { errors: { extensions: { code: string } }[] }
    assert.equal(errors[0]?.extensions.code, 'exists')
  })

  it('sends a message', async (t) => {
    const { story, run } = await controlled(t, { users: ['bob'], absent: ['alice'] })
    const ended = await run(
      'stanza',
      'sendMessage',
      '--from',
      'alice@example.com',
      '--to',
      'bob@example.com/1',
      '--body',
      'hello  wörld',
    )
    assert.equal(ended.code, 0, ended.out)
    const [message] = story.device('bob').take()
    assert.deepEqual(message?.elements()[0]?.children, ['hello  wörld'])
  })

  it('does nothing when it is asked for help, or told what a command does not take', async (t) => {
    const { node, run } = await controlled(t)
    const help = await run('stop', '--help')
    assert.deepEqual([help.code, help.err], [0, ''])
    assert.equal(help.out, 'Usage: meerkat [-c CONFIGURATION] stop\n\nStop the server\n')
    assert.match((await run('migrate', '--help')).out, /migrate mongooseim --from/)
    const wrong = await run('restart', 'now')
    assert.deepEqual([wrong.code, wrong.err], [1, ''])
    assert.match(wrong.out, /^Could not parse the command arguments\n\nUsage: meerkat \[-c CONFIGURATION\] restart\n/)
    assert.equal((await run('backup', '--help')).code, 0)
    assert.deepEqual(node.orders, [])
  })

  it('executes a document, and exits with 1 on errors', async (t) => {
    const { run } = await controlled(t)
    const good = await run('graphql', '{ checkAuth { authType } }')
    assert.deepEqual([good.code, JSON.parse(good.out)], [0, { data: { checkAuth: { authType: 'ADMIN' } } }])
    assert.equal((await run('graphql', '{ nonsense }')).code, 1)
    const none = await run('graphql')
    assert.deepEqual([none.code, none.out], [1, 'This command requires one string type argument!\n'])
  })

  it('prints the status', async (t) => {
    const { story, run } = await controlled(t)
    story.clock.advance(90_061)
    const ended = await run('status')
    assert.equal(ended.code, 0)
    assert.deepEqual(ended.out.split('\n'), [
      `Meerkat node ${story.kernel.node}:`,
      `    operating system pid: ${process.pid}`,
      '    VM status: started (of: starting | started | stopping)',
      '    boot script status: started',
      '    version: 1.2.3 (as meerkat)',
      '    uptime: 1 days 01:01:01',
      '    distribution protocol: none',
      '    logs:',
      '        /var/log/meerkat.log',
      '',
    ])
  })

  it('waits for a server that has started, and one that has stopped', async (t) => {
    const { socket, run } = await controlled(t)
    assert.equal((await run('started')).code, 0)
    assert.equal((await run('start')).err, 'The server is already running\n')
    await socket.close()
    assert.equal((await run('stopped')).code, 0)
  })

  it('tells that a node alone is in no cluster', async (t) => {
    const { story, run } = await controlled(t)
    const ended = await run('leave_cluster', '-f')
    assert.deepEqual([ended.code, ended.out], [1, `Error: "The node ${story.kernel.node} is not in the cluster"\n`])
    assert.equal((await run('join_cluster')).code, 1)
  })
})

describe('the command line without a server', () => {
  const alone = (t: TestContext, ...words: string[]) => {
    const cwd = folder(t)
    return meerkat(join(cwd, 'none.sock'), words, cwd)
  }

  it('MongooseIM: exits with 3 when the server is not running', async (t) => {
    for (const words of [['status'], ['stop'], ['server', 'status'], ['graphql', '{ a }']]) {
      const ended = await alone(t, ...words)
      assert.equal(ended.code, 3, words.join(' '))
      assert.match(ended.err, /the server is not running/)
    }
  })

  it('MongooseIM: helps without a server', async (t) => {
    const codes = await Promise.all(
      [[], ['account'], ['account', 'registerUser', '--help'], ['x'], ['account', 'x']].map((words) =>
        alone(t, ...words),
      ),
    )
    assert.deepEqual(
      codes.map(({ code }) => code),
      [2, 0, 0, 1, 1],
    )
    assert.match(codes[0]!.out, /^Usage: meerkat /)
    assert.match(codes[1]!.out, /\n {2}registerUser +Register a user/)
    assert.match(codes[2]!.out, /\n {2}domain +DomainName!\n/)
    assert.match(codes[3]!.out, /^Unknown category\n\nUsage: meerkat \[/)
    assert.match(codes[4]!.out, /^Unknown command 'x'\n\nUsage: meerkat account command/)
  })

  it('leaves nothing behind where it only asks', async (t) => {
    const cwd = folder(t)
    await meerkat(join(cwd, 'none.sock'), ['status'], cwd)
    assert.equal(existsSync(join(cwd, 'data')), false)
  })

  it('says when a configuration file is not there', async (t) => {
    const ended = await alone(t, '-c', 'nowhere.toml', 'status')
    assert.deepEqual([ended.code, ended.err], [1, 'there is no configuration file nowhere.toml\n'])
  })
})
