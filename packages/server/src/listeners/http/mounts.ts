/** Which handler serves which Host header and path. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Something that is served on an HTTP listener: one section `[[listen.http.handlers.KIND]]`. */
export interface HttpMount {
  /** A Host header without its port; `_` for any. */
  readonly host: string
  /** A path; MongooseIM's `[...]` at its end stands for whatever follows. */
  readonly path: string
  /** Bodies of requests may take longer than the listener allows: the mount watches over them itself. */
  readonly patient?: boolean
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Takes over a connection whose client asks for another protocol (RFC 9110 §7.8), such as WebSocket. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** Finds the mount for a request. */
export class Mounts {
  readonly #hosts = new Map<string, Paths>()

  constructor(mounts: readonly HttpMount[]) {
    for (const mount of mounts) {
      const host = mount.host.toLowerCase()
      const paths = this.#hosts.get(host) ?? new Paths()
      paths.add(mount)
      this.#hosts.set(host, paths)
    }
  }

  /** The mount for the host itself before one for any host. */
  find(request: IncomingMessage): HttpMount | undefined {
    const host = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '')
    const url = request.url ?? '/'
    return this.#hosts.get(host)?.find(url) ?? this.#hosts.get('_')?.find(url)
  }
}

/** The mounts of one host, by path. The path is matched as it was sent: `..` and encoded slashes lead nowhere (S83). */
class Paths {
  readonly #exact = new Map<string, HttpMount>()
  /** Those with all that is below them, the longest path first. */
  #open: { readonly path: string; readonly mount: HttpMount }[] = []

  /** Throws when the path is served already. */
  add(mount: HttpMount): void {
    const isOpen = mount.path.endsWith(REST)
    const path = withoutSlash(isOpen ? mount.path.slice(0, -REST.length) : mount.path)
    const taken = isOpen ? this.#open.some((other) => other.path === path) : this.#exact.has(path)
    if (taken) throw new Error(`more than one handler serves the path ${mount.path} of the host ${mount.host}`)
    if (isOpen) this.#open = [...this.#open, { path, mount }].toSorted((a, b) => b.path.length - a.path.length)
    else this.#exact.set(path, mount)
  }

  find(url: string): HttpMount | undefined {
    const path = withoutSlash(pathOf(url))
    // The method is the handler's business: it knows which to refuse with 405.
    return this.#exact.get(path) ?? this.#open.find((open) => isBelow(path, open.path))?.mount
  }
}

const REST = '[...]'

/** The path of a request's target, which a client may also send with the host before it (RFC 9112 §3.2). */
const pathOf = (url: string): string => url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/, '')

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path)

const isBelow = (path: string, above: string): boolean => path === above || path.startsWith(`${above}/`)
