/** Reads a GraphQL request from HTTP: JSON in a POST, query parameters in a GET (as in MongooseIM). */
import type { IncomingMessage } from 'node:http'
import { RequestError } from './errors.ts'
import type { ApiRequest } from './execute.ts'

/** Reads the request; `limit` bounds the body in bytes (S81). Throws RequestError. */
export async function readRequest(request: IncomingMessage, limit: number): Promise<ApiRequest> {
  if (request.method === 'GET') return readQuery(request.url ?? '')
  // A form of another site cannot send JSON without the browser asking first.
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json')
    throw new RequestError(415, 'unsupported_media_type', 'The body has to be application/json')
  return readJson(await readBody(request, limit))
}

async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new RequestError(413, 'request_too_large', `The request body exceeds ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function readJson(body: string): ApiRequest {
  if (body === '') throw new RequestError(400, 'no_query_supplied', NO_QUERY)
  const json = parsed(body, 'invalid_json_body', 'The request JSON body is invalid')
  // S80: a list is a batch, and every request stands for itself here.
  if (!isObject(json)) throw new RequestError(400, 'invalid_json_body', 'The request JSON body is invalid')
  return fields(json['query'], json['variables'], json['operationName'])
}

function readQuery(url: string): ApiRequest {
  const start = url.indexOf('?')
  const params = new URLSearchParams(start < 0 ? '' : url.slice(start + 1))
  return { ...fields(params.get('query'), params.get('variables'), params.get('operationName')), mayMutate: false }
}

const NO_QUERY = 'The query was not supplied in the request body'

function fields(query: unknown, variables: unknown, operationName: unknown): ApiRequest {
  if (typeof query !== 'string' || query === '') throw new RequestError(400, 'no_query_supplied', NO_QUERY)
  const named = typeof operationName === 'string' && operationName !== '' ? operationName : undefined
  return { query, variables: readVariables(variables), operationName: named }
}

/** An object, its JSON text, or nothing. */
function readVariables(given: unknown): Readonly<Record<string, unknown>> | undefined {
  if (given === undefined || given === null || given === '') return undefined
  const invalid = "The variables' JSON is invalid"
  const variables = typeof given === 'string' ? parsed(given, 'variables_invalid_json', invalid) : given
  if (variables === null) return undefined
  if (!isObject(variables)) throw new RequestError(400, 'variables_invalid_json', invalid)
  return variables
}

function parsed(text: string, code: string, message: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new RequestError(400, code, message)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
