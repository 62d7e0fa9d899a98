/** Reads `[[listen.KIND]]` and the handlers of HTTP listeners. */

import { goneHandlers, handlerSettings } from './declarations/http-handlers.ts'
import { listenerSettings } from './declarations/listeners.ts'
import { type Document } from './document.ts'
import { pathKey } from './indirect.ts'
import { printPath } from './problem.ts'
import { type Path } from './read-settings.ts'
import { type HttpHandler, type KnownParts, type Listener } from './types.ts'

/** A listener and where it stands. */
interface PlacedListener {
  readonly path: Path
  readonly listener: Listener
}

/** All listeners of the file; those with problems, which are noted, are left out. `stock`: sections `tls` with MongooseIM's own certificates. */
export function readListeners(document: Document, known: KnownParts, stock: ReadonlySet<string>): Listener[] {
  const placed: PlacedListener[] = []
  for (const kind of Object.keys(document.table(['listen']) ?? {})) {
    const path = ['listen', kind]
    if (!isKind(kind)) document.unknownKey(path, Object.keys(listenerSettings))
    else if (!known.listeners.has(kind)) document.notBuilt(path, path.join('.'))
    else placed.push(...document.tablePaths(path).flatMap((at) => readListener(document, at, kind, known, stock)))
  }
  refuseSamePlace(document, placed)
  return placed.map(({ listener }) => listener)
}

const isKind = (kind: string): kind is Listener['kind'] => Object.hasOwn(listenerSettings, kind)

function readListener(
  document: Document,
  path: Path,
  kind: Listener['kind'],
  known: KnownParts,
  stock: ReadonlySet<string>,
): PlacedListener[] {
  const written = document.table(path) ?? {}
  const handlers = kind === 'http' ? readHandlers(document, [...path, 'handlers'], known) : []
  const rest =
    kind === 'http' ? Object.fromEntries(Object.entries(written).filter(([key]) => key !== 'handlers')) : written
  const settings = document.read(listenerSettings[kind], path, rest)
  if (settings === undefined) return []
  const tls: Path = [...path, 'tls']
  if (settings.tls !== undefined && settings.tls.certfile === undefined && !stock.has(pathKey(tls)))
    withoutCertificate(document, tls, kind, settings.ip_address)
  if (kind === 's2s' && settings.tls === undefined)
    document.notice(path, 'has no section tls: what other servers send, and who they are, is not protected')
  if (!isLoopback(settings.ip_address)) {
    refuseOpenAdmin(document, path, handlers)
    if (settings.tls === undefined) noticePlainPasswords(document, path, handlers)
  }
  // The kind chose the settings, so the two belong together.
  const listener = { kind, port: settings.port, ip_address: settings.ip_address, settings, handlers } as Listener
  return [{ path, listener }]
}

/** Clients of a server under development get a certificate that the server makes; on an open address that is seldom meant. */
function withoutCertificate(document: Document, path: Path, kind: Listener['kind'], address: string | undefined): void {
  if (kind !== 'c2s') document.problem({ path, message: 'wants a certfile and a keyfile' })
  else if (!isLoopback(address)) {
    document.notice(path, 'has no certfile, so clients get a certificate made for development, which they cannot trust')
  }
}

/** S92: without a password every request counts as the administrator's (as in MongooseIM), so other machines must not reach it. */
function refuseOpenAdmin(document: Document, path: Path, handlers: readonly HttpHandler[]): void {
  const isOpen = ({ kind, settings }: HttpHandler): boolean =>
    kind === 'mongoose_graphql_handler' && settings.schema_endpoint === 'admin' && settings.username === undefined
  if (!handlers.some(isOpen)) return
  const message =
    'serves the admin API without a password: wants a username and a password in its handler, or ip_address = "127.0.0.1"'
  document.problem({ path, message })
}

/** Whoever is on the way reads them, unless a proxy before this port speaks TLS. */
function noticePlainPasswords(document: Document, path: Path, handlers: readonly HttpHandler[]): void {
  const wantsThem = ({ kind, settings }: HttpHandler): boolean =>
    kind === 'mongoose_graphql_handler' && settings.schema_endpoint !== 'admin'
  if (handlers.some(wantsThem)) {
    document.notice(path, 'takes the passwords of users or domain admins, and has no TLS: only a proxy should reach it')
  }
}

function readHandlers(document: Document, path: Path, known: KnownParts): HttpHandler[] {
  return Object.keys(document.table(path) ?? {}).flatMap((kind) => {
    const at = [...path, kind]
    if (!isHandlerKind(kind)) document.unknownKey(at, Object.keys(handlerSettings))
    else if (!known.httpHandlers.has(kind)) document.notBuilt(at, kind)
    else return document.tablePaths(at).flatMap((place) => readHandler(document, place, kind))
    return []
  })
}

const isLoopback = (address: string | undefined): boolean => address === '::1' || address?.startsWith('127.') === true

const isHandlerKind = (kind: string): kind is HttpHandler['kind'] => Object.hasOwn(handlerSettings, kind)

const isGone = (kind: string): kind is keyof typeof goneHandlers => Object.hasOwn(goneHandlers, kind)

function readHandler(document: Document, path: Path, kind: HttpHandler['kind']): HttpHandler[] {
  const settings = document.read(handlerSettings[kind], path)
  if (settings === undefined) return []
  // The kind chose the settings, so the two belong together.
  const handler = { kind, settings } as HttpHandler
  if (isGone(kind)) {
    const { since } = goneHandlers[kind]
    document.notice(path, `was removed in MongooseIM ${since}: requests are answered with the GraphQL operation to use`)
  }
  if (handler.kind === 'mongoose_graphql_handler') {
    const { username, password, schema_endpoint } = handler.settings
    if ((username === undefined) !== (password === undefined)) {
      document.problem({ path, message: 'wants both username and password, or neither' })
    }
    if (username !== undefined && schema_endpoint !== 'admin') {
      document.problem({ path: [...path, 'username'], message: 'is only for schema_endpoint = "admin"' })
    }
  }
  return [handler]
}

function refuseSamePlace(document: Document, placed: readonly PlacedListener[]): void {
  const seen = new Map<string, Path>()
  for (const { path, listener } of placed) {
    const place = `${listener.ip_address ?? `any ${listener.settings.ip_version ?? ''}`}:${listener.port}`
    const first = seen.get(place)
    if (first === undefined) seen.set(place, path)
    else if (listener.port !== 0) {
      const message = `wants a port and address of its own: ${printPath(first)} listens there`
      document.problem({ path: [...path, 'port'], message, value: listener.port })
    }
  }
}
