import { match, rejects } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { TLSSocket } from 'node:tls'
import { generate } from 'selfsigned'
import { poolSettings } from '../../core/config/declarations/pools.ts'
import type { PoolOf } from '../../core/config/types.ts'
import { silentLog } from '../../core/log.ts'
import { sectionSchema } from '../../core/settings.ts'
import { rdbmsPool } from './index.ts'

/** A message of the server: its type, and its length with the content (PostgreSQL §55.7). */
const said = (type: string, content: string): Buffer => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(content.length + 4)
  return Buffer.concat([Buffer.from(type), length, Buffer.from(content, 'latin1')])
}
const READY = said('Z', 'I')
const AUTHENTICATED = Buffer.concat([said('R', '\0\0\0\0'), READY])
const DONE = Buffer.concat([said('C', 'SET\0'), READY])

/** Answers a request for TLS, then a login, then every statement. */
function serve(socket: Socket, cert: string, key: string): void {
  socket.on('error', () => undefined)
  socket.once('data', () => {
    socket.write('S')
    const secure = new TLSSocket(socket, { isServer: true, cert, key })
    secure.on('error', () => undefined)
    secure.once('data', () => {
      secure.write(AUTHENTICATED)
      secure.on('data', (piece: Buffer) => piece[0] === 'Q'.charCodeAt(0) && secure.write(DONE))
    })
  })
}

describe('[outgoing_pools.rdbms.TAG.connection.tls]', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meerkat-'))
  const certfile = join(folder, 'cert.pem')
  let port = 0
  let close: () => unknown = () => undefined
  before(async () => {
    const made = await generate([{ name: 'commonName', value: 'db.example' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'db.example' }] }],
    })
    writeFileSync(certfile, made.cert)
    const server = createServer((socket) => serve(socket, made.cert, made.private))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
    close = () => server.close()
  })
  after(() => {
    close()
    rmSync(folder, { recursive: true })
  })

  const connect = async (tls: object): Promise<void> => {
    const connection = { driver: 'pgsql', host: '127.0.0.1', port, database: 'x', username: 'x', password: 'x', tls }
    const settings = sectionSchema(poolSettings.rdbms, { folder: '.' }).parse({ connection })
    const pool = rdbmsPool(settings as PoolOf<'rdbms'>['settings'], silentLog())
    const session = await pool.session({ setup: [], writing: false })
    await session.end()
  }
  const server_name_indication = { host: 'db.example' }

  it('verify_mode = "peer" wants a certificate from a trusted root', async () => {
    await rejects(connect({}), /self-signed certificate/)
    await connect({ cacertfile: certfile, server_name_indication })
  })

  it('verify_mode = "peer" wants a certificate for the name that is configured', async () => {
    await rejects(connect({ cacertfile: certfile }), /127\.0\.0\.1/)
    await rejects(
      connect({ cacertfile: certfile, server_name_indication: { host: 'other.example' } }),
      (error: Error) => {
        match(error.message, /other\.example/)
        return true
      },
    )
  })

  it('verify_mode = "selfsigned_peer" takes one that nobody but its owner has signed', async () => {
    await connect({ verify_mode: 'selfsigned_peer' })
  })

  it('verify_mode = "none" takes any', async () => {
    await connect({ verify_mode: 'none' })
  })
})
