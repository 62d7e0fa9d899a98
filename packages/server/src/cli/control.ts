/** Talks to a running server through its control socket. */
import { request } from 'node:http'
import { CliError, ERROR, UNREACHABLE } from './exit.ts'

/** What the server says of itself. */
export interface NodeStatus {
  readonly node: string
  readonly pid: number
  readonly state: 'starting' | 'started' | 'stopping'
  readonly version: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly uptimeSeconds: number
  readonly logFiles: readonly string[]
  /** Event sinks that do not run as they should. */
  readonly sinks: readonly SinkTrouble[]
}

/** An event sink that does not run as it should. */
export interface SinkTrouble {
  /** With the host type in it. */
  readonly name: string
  readonly state: string
  /** The words of the broker; '' when there are none. */
  readonly error: string
}

/** A GraphQL answer. */
export interface GraphqlAnswer {
  readonly data?: unknown
  readonly errors?: readonly { readonly message: string }[]
}

/** Executes a GraphQL request. Throws CliError when no server answers on `socket`. */
export function graphql(
  socket: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<GraphqlAnswer> {
  return ask(socket, '/graphql', JSON.stringify({ query, variables })) as Promise<GraphqlAnswer>
}

/** The state of the server; throws CliError when none answers on `socket`. */
export const nodeStatus = (socket: string): Promise<NodeStatus> => ask(socket, '/status') as Promise<NodeStatus>

/** The state of the server, or undefined when none answers. */
export const statusOrNone = (socket: string): Promise<NodeStatus | undefined> =>
  nodeStatus(socket).catch((error: unknown) => {
    if (error instanceof CliError && error.exitCode === UNREACHABLE) return undefined
    throw error
  })

/** Reads a text from the server; throws CliError when none answers on `socket`. */
export const fetchText = (socket: string, path: string): Promise<string> => send(socket, path, undefined)

/** Gives the server an order, and waits until it is done. Throws CliError when it cannot be. */
export async function order(
  socket: string,
  path: string,
  words: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = (await ask(socket, path, JSON.stringify(words))) as Readonly<Record<string, unknown>>
  if (typeof answer['error'] === 'string') throw new CliError(ERROR, answer['error'])
  return answer
}

async function ask(socket: string, path: string, body?: string): Promise<unknown> {
  const text = await send(socket, path, body)
  try {
    return JSON.parse(text)
  } catch {
    throw new CliError(UNREACHABLE, `what answers on ${socket} is no Meerkat server`)
  }
}

function send(socket: string, path: string, body: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      socketPath: socket,
      path,
      method: body === undefined ? 'GET' : 'POST',
      headers:
        body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      agent: false,
    }
    const sent = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text))
      response.on('error', (error) => reject(unreachable(socket, error)))
    })
    sent.on('error', (error) => reject(unreachable(socket, error)))
    sent.end(body)
  })
}

function unreachable(socket: string, error: NodeJS.ErrnoException): CliError {
  const why =
    error.code === 'ENOENT' || error.code === 'ECONNREFUSED'
      ? 'the server is not running'
      : error.code === 'EACCES'
        ? 'this user may not control the server'
        : error.message
  return new CliError(UNREACHABLE, `Failed to connect to the server: ${why} (${socket})`)
}
