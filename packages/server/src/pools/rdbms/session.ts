/** One connection of the driver `pg` in its pipeline mode: many statements on their way, answered in their order. */
import type { Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { Client, DatabaseError, type ClientConfig } from 'pg'
import type { SqlValue } from '../../core/database.ts'
import type { Carried } from './figures.ts'
import { prepare } from './prepare.ts'
import type { Answer, Fault, Purpose, Session, Statement } from './types.ts'
import { parserOf } from './values.ts'

/** Where the database is, and how long things may take there (in milliseconds). */
export interface PostgresServer {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  readonly tls: ServerTls | undefined
  readonly connectTimeoutMs: number
  /** How long the server may be silent while it owes an answer; Infinity for no limit. */
  readonly queryTimeoutMs: number
}

/** How to speak TLS with the database. */
export interface ServerTls {
  readonly options: ConnectionOptions
  /** Without it, a server that has no TLS is spoken to without. */
  readonly required: boolean
  /** What is wrong with the server's certificate beyond what the options refuse. */
  readonly fault: (socket: TLSSocket) => string | undefined
}

/** What the driver says of a server without TLS. */
const NO_TLS = 'The server does not support SSL connections'
/** How long a connection may take to end. */
const END_MS = 1000

/** Connects, and prepares the session for its purpose; for `owner` see `prepare`. Rejects with an `Error` that says why it could not. */
export async function openSession(
  server: PostgresServer,
  purpose: Purpose,
  owner = 'meerkat',
): Promise<PostgresSession> {
  const session = new PostgresSession(await connect(server), server.queryTimeoutMs)
  try {
    await prepare(session, purpose, owner)
    return session
  } catch (error) {
    session.destroy()
    throw error
  }
}

async function connect(server: PostgresServer): Promise<Client> {
  const { tls } = server
  try {
    return await connectOnce(server, tls)
  } catch (error) {
    if (tls === undefined || tls.required || !(error instanceof Error) || error.message !== NO_TLS) throw error
    return connectOnce(server, undefined)
  }
}

async function connectOnce(server: PostgresServer, tls: ServerTls | undefined): Promise<Client> {
  const client = new Client(clientConfig(server, tls))
  // A lost connection shows in the answers and by the event `end`.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const fault = tls?.fault(client.connection.stream as TLSSocket)
    if (fault !== undefined) throw new Error(`the certificate of the server is refused: ${fault}`)
    return client
  } catch (error) {
    client.connection.stream.destroy()
    throw error
  }
}

function clientConfig(server: PostgresServer, tls: ServerTls | undefined): ClientConfig {
  const { host, port, database, user, password, connectTimeoutMs } = server
  return {
    host,
    port,
    database,
    user,
    password,
    ssl: tls === undefined ? false : tls.options,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    pipeline: true,
    types: { getTypeParser: parserOf as never },
  }
}

/** See `Session`. */
export class PostgresSession implements Session {
  readonly #client: Client
  readonly #stream: Socket
  readonly #timeout: number
  #owed = 0
  #lastAnswer = 0
  #watch: NodeJS.Timeout | undefined
  #silent = false
  #broken = false
  #receivedPieces = 0
  #receivedLargest = 0
  #sentPieces = 0
  #sentLargest = 0
  /** Resolves when the connection is gone, for whatever reason. */
  readonly gone: Promise<void>

  constructor(client: Client, timeout: number) {
    this.#client = client
    this.#timeout = timeout
    client.on('error', () => (this.#broken = true))
    // Once connected, it is a socket, with TLS or without.
    this.#stream = client.connection.stream as Socket
    this.#stream.on('data', (piece: Buffer) => {
      this.#receivedPieces++
      if (piece.length > this.#receivedLargest) this.#receivedLargest = piece.length
    })
    this.gone = new Promise((resolve) => {
      client.once('end', () => {
        this.#broken = true
        clearTimeout(this.#watch)
        resolve()
      })
    })
  }

  /** Whether the connection stands, as far as this side knows. */
  get alive(): boolean {
    return !this.#broken && !this.#silent
  }

  /** Whether an answer is owed. */
  get busy(): boolean {
    return this.#owed > 0
  }

  /** What has gone over the connection. */
  get carried(): Carried {
    const { bytesRead, bytesWritten, writableLength } = this.#stream
    return {
      received: { bytes: bytesRead, pieces: this.#receivedPieces, largest: this.#receivedLargest },
      sent: { bytes: bytesWritten, pieces: this.#sentPieces, largest: this.#sentLargest },
      waiting: writableLength,
    }
  }

  pipeline(statements: readonly Statement[]): Promise<Answer[]> {
    if (statements.length === 0) return Promise.resolve([])
    const answers = Array.from<Answer>({ length: statements.length })
    this.#expect(statements.length)
    return new Promise((resolve) => {
      let open = statements.length
      const stream = this.#stream
      // All statements leave in one piece instead of in one piece each.
      const before = stream.bytesWritten
      stream.cork()
      statements.forEach((statement, i) => {
        this.#send(statement, (answer) => {
          if (answers[i] !== undefined) return
          answers[i] = answer
          this.#answered()
          if (--open === 0) resolve(answers)
        })
      })
      stream.uncork()
      this.#sentPieces++
      this.#sentLargest = Math.max(this.#sentLargest, stream.bytesWritten - before)
    })
  }

  async end(): Promise<void> {
    const timer = setTimeout(() => this.destroy(), END_MS)
    void this.#client.end()
    await this.gone
    clearTimeout(timer)
  }

  /** Gives the connection up: whatever is under way is answered with a fault. */
  destroy(): void {
    this.#stream.destroy()
  }

  #send({ text, values, name }: Statement, done: (answer: Answer) => void): void {
    const config = { text, values: (values ?? []) as SqlValue[] }
    const query = name === undefined ? config : { ...config, name }
    this.#client.query<never>(query, (error: Error | null, result) => {
      if (error) done({ rows: undefined, fault: this.#faultOf(error) })
      else done({ rows: result.rows, fault: undefined })
    })
  }

  #faultOf(error: unknown): Fault {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof DatabaseError) return { kind: 'refused', sqlstate: error.code ?? '', message }
    if (this.#silent) return { kind: 'silent', sqlstate: '', message: `no answer for ${this.#timeout} ms` }
    return { kind: 'lost', sqlstate: '', message }
  }

  #expect(answers: number): void {
    if (this.#owed === 0) this.#lastAnswer = performance.now()
    this.#owed += answers
    if (this.#watch === undefined && this.#timeout !== Infinity) this.#watchFor(this.#timeout)
  }

  #answered(): void {
    this.#owed--
    this.#lastAnswer = performance.now()
    if (this.#owed > 0) return
    clearTimeout(this.#watch)
    this.#watch = undefined
  }

  /** Every answer proves life: only silence ends the connection. */
  #watchFor(milliseconds: number): void {
    this.#watch = setTimeout(() => {
      const left = this.#lastAnswer + this.#timeout - performance.now()
      if (left > 1) return this.#watchFor(left)
      this.#silent = true
      this.destroy()
    }, milliseconds)
  }
}
