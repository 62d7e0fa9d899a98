/** Which handler serves which Host header and path. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import findMyWay from 'find-my-way'

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
  readonly #router = findMyWay({ ignoreTrailingSlash: true })
  readonly #mounts = new Map<object, HttpMount>()

  add(mount: HttpMount): void {
    const key = () => undefined
    this.#mounts.set(key, mount)
    this.#router.on('GET', mount.path.replace(/\[\.\.\.\]$/, '*'), key)
  }

  find(url: string): HttpMount | undefined {
    // The method is the handler's business: it knows which to refuse with 405.
    const found = this.#router.find('GET', url)
    return found === null ? undefined : this.#mounts.get(found.handler)
  }
}
