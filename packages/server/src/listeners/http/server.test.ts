import assert from 'node:assert/strict'
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { Agent, request as secureRequest } from 'node:https'
import { connect } from 'node:net'
import { type TestContext, describe, it } from 'node:test'
import { type TLSSocket, createSecureContext } from 'node:tls'
import { generate } from 'selfsigned'
import { silentLog } from '../../core/log.ts'
import type { HttpMount } from './mounts.ts'
import { type HttpOptions, openHttpListener } from './server.ts'

const mount = (host: string, path: string, word: string): HttpMount => ({
  host,
  path,
  handle: (_request, response) => response.end(word),
})

async function opened(t: TestContext, mounts: readonly HttpMount[], more: Partial<HttpOptions> = {}): Promise<number> {
  const listener = await openHttpListener({ port: 0, address: '127.0.0.1', mounts, log: silentLog(), ...more })
  t.after(() => listener.close(0))
  return listener.port
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: IncomingMessage['headers']
}

const ask = (port: number, path: string, options: RequestOptions = {}, send = request): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = send({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }))
    })
    asked.on('error', reject).end()
  })

/** All that the server says on a connection until it closes it. */
const raw = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })

describe('compressing', () => {
  const LONG = JSON.stringify({ words: 'word '.repeat(200) })
  const whole = (path: string, type: string, body: string): HttpMount => ({
    host: '_',
    path,
    handle: (_request, response) =>
      response.writeHead(200, { vary: 'origin', 'content-type': type, 'content-length': body.length }).end(body),
  })
  const pieces: HttpMount = {
    host: '_',
    path: '/pieces',
    handle(_request, response) {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': LONG.length })
      response.write(LONG.slice(0, 10))
      response.end(LONG.slice(10))
    },
  }
  const mounts = [
    whole('/json', 'application/json', LONG),
    whole('/short', 'application/json', '{}'),
    whole('/picture', 'image/png', LONG),
    whole('/events', 'text/event-stream', LONG),
    pieces,
  ]
  const encoded = async (port: number, path: string, accepted?: string, method = 'GET') => {
    const headers = accepted === undefined ? {} : { 'accept-encoding': accepted }
    return (await ask(port, path, { method, headers })).headers['content-encoding']
  }

  it('compresses long texts for those who take it', async (t) => {
    const port = await opened(t, mounts, { compress: true })
    const asked = (accepted: string) => encoded(port, '/json', accepted)
    for (const accepted of ['gzip', 'deflate, gzip;q=0.5', 'br,gzip , x']) assert.equal(await asked(accepted), 'gzip')
    for (const accepted of ['br', 'gzip;q=0', 'gzip; q=0.00', 'xgzip']) assert.equal(await asked(accepted), undefined)
    assert.equal(await encoded(port, '/json'), undefined)
    assert.equal(await encoded(port, '/json', 'gzip', 'HEAD'), undefined)
    for (const path of ['/short', '/picture', '/events', '/pieces', '/nowhere'])
      assert.equal(await encoded(port, path, 'gzip'), undefined, path)
    // fetch takes gzip by itself.
    for (const { path } of mounts.filter(({ path }) => path !== '/short')) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`)
      assert.equal(await answer.text(), LONG, path)
      if (path === '/json') assert.equal(answer.headers.get('vary'), 'origin, accept-encoding')
    }
  })

  it('compresses nothing unless it is told to', async (t) => {
    assert.equal(await encoded(await opened(t, mounts), '/json', 'gzip'), undefined)
  })

  it('forgets an answer whose client has left', async (t) => {
    const left = Promise.withResolvers<void>()
    const late: HttpMount = {
      host: '_',
      path: '/late',
      handle(request, response) {
        response.writeHead(200, { 'content-type': 'text/plain', 'content-length': LONG.length })
        response.once('close', () => left.resolve())
        response.end(LONG)
        request.socket.destroy()
      },
    }
    const port = await opened(t, [late, ...mounts], { compress: true })
    await assert.rejects(encoded(port, '/late', 'gzip'))
    await left.promise
    assert.equal(await encoded(port, '/json', 'gzip'), 'gzip')
  })
})

describe('mounts', () => {
  const mounts = [
    mount('_', '/api/graphql', 'any'),
    mount('Chat.Example', '/api/graphql', 'chat'),
    mount('_', '/files/[...]', 'files'),
  ]

  it('serves by path, and by host before any host', async (t) => {
    const port = await opened(t, mounts)
    assert.equal((await ask(port, '/api/graphql')).text, 'any')
    assert.equal((await ask(port, '/api/graphql/?query=x')).text, 'any')
    assert.equal((await ask(port, '/api/graphql', { headers: { host: 'chat.example:5280' } })).text, 'chat')
    assert.equal((await ask(port, '/files/a/b', { headers: { host: 'chat.example' } })).text, 'files')
    assert.equal((await ask(port, '/files/?x')).text, 'files')
    assert.equal((await ask(port, '/api/graphql', { method: 'DELETE' })).text, 'any')
    assert.equal((await ask(port, `http://127.0.0.1:${port}/api/graphql?query=x`)).text, 'any')
  })

  it('serves by the longest path that fits', async (t) => {
    const port = await opened(t, [mount('_', '/[...]', 'all'), mount('_', '/a/[...]', 'a'), mount('_', '/a/b/', 'b')])
    const texts = ['/', '/x', '/ab', '/a', '/a/x', '/a/b', '/a/b/c'].map(async (path) => (await ask(port, path)).text)
    assert.deepEqual(await Promise.all(texts), ['all', 'all', 'all', 'a', 'a', 'b', 'a'])
  })

  it('refuses two handlers for one path', async () => {
    const log = silentLog()
    for (const path of ['/x', '/x/[...]']) {
      const mounts = [mount('_', path, 'a'), mount('other', path, 'b'), mount('_', path, 'c')]
      await assert.rejects(
        openHttpListener({ port: 0, address: '127.0.0.1', mounts, log }),
        /more than one handler serves the path \/x/,
      )
    }
  })

  const nowhere = [
    '/',
    '/api',
    '/api/graphqlx',
    '/x/../api/graphql',
    '/api%2fgraphql',
    '/api/graphql;x',
    '//api/graphql',
    '/filesx/a',
    '/api/graph%71l',
  ]
  for (const path of nowhere)
    it(`S83: ${path} leads nowhere`, async (t) => {
      const port = await opened(t, mounts)
      assert.equal((await ask(port, path)).status, 404)
    })

  it('names the server and nothing of its version', async (t) => {
    const port = await opened(t, mounts)
    assert.equal((await ask(port, '/')).headers.server, 'Meerkat')
    const named = await opened(t, mounts, { serverName: 'Zoo' })
    assert.equal((await ask(named, '/')).headers.server, 'Zoo')
  })

  it('a handler that fails costs its request only', async (t) => {
    const broken: HttpMount = {
      host: '_',
      path: '/broken',
      handle: () => {
        throw new Error('broken')
      },
    }
    const port = await opened(t, [broken, ...mounts])
    assert.equal((await ask(port, '/broken')).status, 500)
    assert.equal((await ask(port, '/api/graphql')).text, 'any')
  })

  it('hands over connections that change their protocol', async (t) => {
    const ws: HttpMount = {
      ...mount('_', '/ws', 'no upgrade'),
      upgrade: (_request, socket) => socket.end('HTTP/1.1 101 X\r\n\r\nws'),
    }
    const port = await opened(t, [ws, ...mounts])
    const upgrade = (path: string) =>
      raw(port, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`)
    assert.match(await upgrade('/ws'), /ws$/)
    assert.match(await upgrade('/api/graphql'), /^HTTP\/1\.1 400 /)
    assert.match(await upgrade('/nowhere'), /^HTTP\/1\.1 404 /)
  })
})

describe('limits', () => {
  it('refuses headers that are too big, and what is no HTTP', async (t) => {
    const port = await opened(t, [mount('_', '/', 'here')])
    assert.match(await raw(port, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
    assert.match(await raw(port, '<stream:stream>\r\n\r\n'), /^HTTP\/1\.1 400 /)
  })

  it('refuses connections beyond max_connections', async (t) => {
    const port = await opened(t, [mount('_', '/', 'here')], { maxConnections: 1 })
    const first = connect(port, '127.0.0.1')
    t.after(() => first.destroy())
    await new Promise((resolve) => first.once('connect', resolve))
    // Accepted and answered, so that it counts before the next one comes.
    await new Promise((resolve) => {
      first.once('data', resolve)
      first.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    })
    assert.equal(await raw(port, '').catch(() => ''), '')
  })

  it('rejects when the port is taken', async (t) => {
    const port = await opened(t, [])
    await assert.rejects(openHttpListener({ port, address: '127.0.0.1', mounts: [], log: silentLog() }), {
      code: 'EADDRINUSE',
    })
  })
})

describe('TLS', () => {
  it('asks for the certificate at each handshake', async (t) => {
    const pems = await generate([{ name: 'commonName', value: 'localhost' }])
    let asked = 0
    const context = () => {
      asked++
      return createSecureContext({ cert: pems.cert, key: pems.private })
    }
    const port = await opened(t, [mount('_', '/', 'secret')], { tls: { context } })
    const trusting = { ca: pems.cert, rejectUnauthorized: false } as RequestOptions
    for (let i = 0; i < 2; i++) assert.equal((await ask(port, '/', trusting, secureRequest)).text, 'secret')
    assert.equal(asked, 2)
  })

  it('verify_mode = "peer" lets in only clients with a trusted certificate', async (t) => {
    const [own, trusted, other] = await Promise.all(
      ['localhost', 'trusted', 'other'].map((value) => generate([{ name: 'commonName', value }])),
    )
    const context = () => createSecureContext({ cert: own!.cert, key: own!.private, ca: trusted!.cert })
    const whoami: HttpMount = {
      host: '_',
      path: '/',
      handle: ({ socket }, response) => response.end(String((socket as TLSSocket).authorized)),
    }
    const strict = await opened(t, [whoami], { tls: { context, requestCertificate: true, rejectUnauthorized: true } })
    const lenient = await opened(t, [whoami], { tls: { context, requestCertificate: true } })
    const as = (port: number, pems?: { cert: string; private: string }) => {
      const options = { rejectUnauthorized: false, ...(pems && { cert: pems.cert, key: pems.private }) }
      return ask(port, '/', options as RequestOptions, secureRequest).then(
        ({ text }) => text,
        () => 'dropped',
      )
    }
    assert.deepEqual(
      [await as(strict, trusted), await as(strict, other), await as(strict)],
      ['true', 'dropped', 'dropped'],
    )
    assert.deepEqual(
      [await as(lenient, trusted), await as(lenient, other), await as(lenient)],
      ['true', 'false', 'false'],
    )
  })

  it('R20: ends idle connections at once when it closes', { timeout: 30_000 }, async (t) => {
    const pems = await generate([{ name: 'commonName', value: 'localhost' }])
    const context = () => createSecureContext({ cert: pems.cert, key: pems.private })
    const mounts = [mount('_', '/', 'secret')]
    const listener = await openHttpListener({
      port: 0,
      address: '127.0.0.1',
      mounts,
      log: silentLog(),
      tls: { context },
    })
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    const options = { agent, rejectUnauthorized: false } as RequestOptions
    assert.equal((await ask(listener.port, '/', options, secureRequest)).text, 'secret')
    // The test does not last long enough for the grace of a busy connection.
    await listener.close(3_600_000)
  })

  it('drops what is no TLS', async (t) => {
    const pems = await generate([{ name: 'commonName', value: 'localhost' }])
    const context = () => createSecureContext({ cert: pems.cert, key: pems.private })
    const port = await opened(t, [mount('_', '/', 'secret')], { tls: { context } })
    assert.doesNotMatch(await raw(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n').catch(() => ''), /secret/)
  })
})

describe('bodies that come slowly', () => {
  it('S10: end a request after 30 seconds, beside a mount that watches over its own', async (t) => {
    const timers = t.mock.timers
    const begun: string[] = []
    const slow = (path: string, patient: boolean): HttpMount => ({
      host: '_',
      path,
      patient,
      handle: (request, response) => {
        begun.push(path)
        request.resume().on('end', () => response.end('done'))
      },
    })
    const port = await opened(t, [slow('/patient', true), slow('/other', false)])
    const send = (path: string) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\na`)
      return socket
    }
    timers.enable({ apis: ['setTimeout'] })
    const [patient, other] = [send('/patient'), send('/other')]
    while (begun.length < 2) await new Promise((resolve) => setImmediate(resolve))
    timers.tick(30_000)
    await new Promise((resolve) => other.once('close', resolve))
    timers.reset()
    patient.write('b')
    const answer = await new Promise<Buffer>((resolve) => patient.once('data', resolve))
    assert.match(String(answer), /^HTTP\/1\.1 200 /)
    patient.destroy()
  })
})
