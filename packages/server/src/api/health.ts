/** What supervisors, load balancers and Prometheus ask over HTTP. None of the answers holds anything but states and figures. */
import type { ServerResponse } from 'node:http'
import { StorageError } from '../core/database.ts'
import type { Kernel } from '../core/kernel.ts'
import type { RequestHandler } from './endpoint.ts'
import { phaseOf } from './node-control.ts'

/** How long the store may take to answer before the node counts as not ready, in milliseconds. */
const STORE_MS = 2000

/** Answers 200 as long as the event loop turns: who does not get that answer may kill the process. */
export const healthHandler = (): RequestHandler => (request, response) => {
  if (refused(request.method, response)) return
  setImmediate(() => sendJson(response, 200, { alive: true }))
}

/** Answers 200 when clients are welcome, else 503 with the reasons: starting, stopping, a store that does not answer or cannot be written to, a full heap. */
export const readyHandler = (kernel: Kernel, storeMs = STORE_MS): RequestHandler => {
  return (request, response) => {
    if (refused(request.method, response)) return
    void reasons(kernel, storeMs).then((found) => sendJson(response, found.length === 0 ? 200 : 503, report(found)))
  }
}

const report = (found: readonly string[]): object =>
  found.length === 0 ? { ready: true } : { ready: false, reasons: found }

/** Why the node is not ready; none when it is. */
export async function reasons(kernel: Kernel, storeMs = STORE_MS): Promise<string[]> {
  const phase = phaseOf(kernel)
  // A store that is closing has nothing to say.
  if (phase !== 'started') return [`the server is ${phase}`]
  const store = await storeProblem(kernel, storeMs)
  return [store, kernel.room.shortage].filter((reason) => reason !== undefined)
}

async function storeProblem(kernel: Kernel, limit: number): Promise<string | undefined> {
  // A client whose every message is refused is not welcome.
  if (kernel.storage.writable?.() === false) return 'the store cannot be written to'
  const { promise: late, resolve } = Promise.withResolvers<string>()
  const timer = setTimeout(() => resolve('the store does not answer'), limit)
  const asked = kernel.storage.query('SELECT 1').then(
    () => undefined,
    // The text of an error may hold parts of statements: only its kind is told.
    (error: unknown) => `the store fails: ${error instanceof StorageError ? error.problem : 'unknown'}`,
  )
  const problem = await Promise.race([asked, late])
  clearTimeout(timer)
  return problem
}

/** Serves the figures of the node in Prometheus's text format. */
export const metricsHandler = (kernel: Kernel): RequestHandler => {
  return (request, response) => {
    if (refused(request.method, response)) return
    send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', kernel.metrics.text())
  }
}

function refused(method: string | undefined, response: ServerResponse): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  response.setHeader('allow', 'GET, HEAD')
  sendJson(response, 405, { error: 'use GET' })
  return true
}

const sendJson = (response: ServerResponse, status: number, body: object): void =>
  send(response, status, 'application/json', `${JSON.stringify(body)}\n`)

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}
