import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { result } from '@meerkat/protocol'
import { requestBeforeLogin } from '../../core/module.ts'
import { settle, story } from '../../testing/story.ts'
import { turn } from '../turn.ts'
import { C2sListener } from './listener.ts'
import { type C2sOptions, c2sOptions } from './options.ts'

const HEADER =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.com' version='1.0'"
const TLS = { mode: 'starttls_required', context: () => createSecureContext() } as const

/** Says `words` to a listener, each part in a turn of its own, and returns all that it answers until it closes. */
async function dialogue(
  t: Parameters<typeof story>[0],
  words: string | readonly string[],
  changes: Partial<C2sOptions> = {},
) {
  const answers = requestBeforeLogin.on((iq) => result(iq))
  const scene = await story(t, {
    modules: [[{ key: 'mod_test', summary: '', specs: [], start: () => ({ hooks: [answers] }) }]],
  })
  const listener = new C2sListener(scene.kernel, c2sOptions(0, changes))
  const socket = connect(await listener.listen(), '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  for (const part of typeof words === 'string' ? [words] : words) {
    socket.write(part)
    await new Promise(setImmediate)
  }
  await once(socket, 'close')
  await listener.close()
  return answer
}

const register = "<iq type='get' id='r1'><query xmlns='jabber:iq:register'/></iq>"

test('S27: where TLS is required nobody is registered in clear', async (t) => {
  const required = await dialogue(t, `${HEADER}>${register}</stream:stream>`, { tls: TLS })
  assert.match(required, /<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'\/>/)
  assert.doesNotMatch(required, /r1/)
  const optional = await dialogue(t, `${HEADER}>${register}</stream:stream>`, { tls: { ...TLS, mode: 'starttls' } })
  assert.match(optional, /<iq [^>]*r1/)
})

test('R21: what comes when a turn has no more time is heard in another, in order, to the end', async (t) => {
  let [busy, late] = [true, 0]
  const crowd = (): void => {
    if (busy) later(crowd)
  }
  const later = turn.later.bind(turn)
  t.mock.method(turn, 'later', (work: () => void) => {
    late++
    later(work)
  })
  later(crowd)
  try {
    const parts = [
      `${HEADER}>`,
      register,
      register.replace('r1', 'r2').slice(0, 9),
      register.slice(9).replace('r1', 'r2'),
    ]
    const answer = await dialogue(t, [...parts, '</stream:stream>'], { tls: { ...TLS, mode: 'starttls' } })
    assert.deepEqual(
      [...answer.matchAll(/<iq [^>]*id='(r\d)'|(<\/stream:stream>)/g)].map(([, id, end]) => id ?? end),
      ['r1', 'r2', '</stream:stream>'],
    )
  } finally {
    busy = false
  }
  assert.ok(late > 1)
})

test("RFC 6120 §4.7.2: a client's address comes back in our header; what is no address is not repeated", async (t) => {
  const right = await dialogue(t, `${HEADER} from='juliet@example.com'></stream:stream>`)
  assert.match(right, /<stream:stream [^>]*to=['"]juliet@example\.com['"]/)
  const wrong = await dialogue(t, `${HEADER} from='@evil'></stream:stream>`)
  assert.doesNotMatch(wrong, /evil/)
  assert.match(wrong, /<stream:features/)
})

test('R24: a handler that never settles costs its client the stream, and nobody for ever', async (t) => {
  const never = requestBeforeLogin.on(() => new Promise<never>(() => undefined))
  const scene = await story(t, {
    modules: [[{ key: 'mod_test', summary: '', specs: [], start: () => ({ hooks: [never] }) }]],
  })
  const listener = new C2sListener(scene.kernel, c2sOptions(0, { authTimeoutMs: 1_000_000 }))
  const socket = connect(await listener.listen(), '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  socket.write(`${HEADER}>${register}`)
  while (!answer.includes('</stream:features>')) await once(socket, 'data')
  await settle()
  await scene.wait(100)
  assert.doesNotMatch(answer, /stream:error/)
  await Promise.all([once(socket, 'close'), scene.wait(60)])
  assert.match(answer, /<internal-server-error/)
  assert.equal(scene.kernel.counters.unexpectedErrors, 1)
  await scene.wait(6)
  await listener.close()
  assert.equal(listener.size, 0)
})

/** Whether Linux has a keep-alive timer running for the server's end of a connection, and for how many seconds at most. */
function keepAlive(serverPort: number, clientPort: number): number | undefined {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n'))
  const end = lines
    .map((line) => line.trim().split(/\s+/))
    .find(
      ([, local = '', remote = '']) => local.endsWith(`:${hex(serverPort)}`) && remote.endsWith(`:${hex(clientPort)}`),
    )
  const [kind, jiffies] = end?.[5]?.split(':') ?? []
  return kind === '02' ? Number.parseInt(jiffies ?? '', 16) / 100 : undefined
}

test(
  'R25: a peer that is gone without a word is asked for after a minute',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const scene = await story(t, { modules: [] })
    const listener = new C2sListener(scene.kernel, c2sOptions(0))
    const port = await listener.listen()
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    socket.write(`${HEADER}>`)
    while (!answer.includes('</stream:features>')) await once(socket, 'data')
    socket.write(' ')
    // Until what was sent is acknowledged another timer runs.
    let seconds = keepAlive(port, socket.localPort!)
    for (let i = 0; i < 500 && seconds === undefined; i++) {
      await settle()
      seconds = keepAlive(port, socket.localPort!)
    }
    assert.ok(seconds !== undefined && seconds > 0 && seconds <= 60, `${seconds} seconds`)
    socket.destroy()
    await listener.close()
  },
)
