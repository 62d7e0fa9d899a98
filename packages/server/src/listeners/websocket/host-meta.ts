/** XEP-0156: where the WebSocket and BOSH endpoints of this server are, for clients that cannot ask the DNS. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { serialize, tag } from '@meerkat/xml'
import type { HttpMount } from '../http/index.ts'

/** An endpoint for clients. */
export interface Endpoint {
  readonly kind: 'websocket' | 'xbosh'
  readonly path: string
  /** Its public address; undefined: the one under which the listener itself was asked, where that is https. */
  readonly url: string | undefined
}

interface Link {
  readonly rel: string
  readonly href: string
}

const XRD_NS = 'http://docs.oasis-open.org/ns/xri/xrd-1.0'
const Xrd = tag(XRD_NS, 'XRD')
const XrdLink = tag(XRD_NS, 'Link')

/** Serves both forms of host-meta for a listener's endpoints (RFC 6415 §2, Appendix A); `secure`: the listener speaks TLS. */
export function hostMetaMounts(endpoints: readonly Endpoint[], secure: boolean): HttpMount[] {
  const linksFor = (request: IncomingMessage): Link[] => {
    const authority = secure ? authorityOf(request) : undefined
    return endpoints.flatMap((endpoint) => linkOf(endpoint, authority))
  }
  const xml = (links: readonly Link[]): string =>
    `<?xml version='1.0' encoding='utf-8'?>${serialize(Xrd({}, ...links.map((link) => XrdLink({ ...link }))))}`
  return [
    mount('/.well-known/host-meta', 'application/xrd+xml; charset=utf-8', (request) => xml(linksFor(request))),
    mount('/.well-known/host-meta.json', 'application/json', (request) => JSON.stringify({ links: linksFor(request) })),
  ]
}

/** XEP-0156 §3.2: addresses that are not protected by TLS are not told. */
function linkOf({ kind, path, url }: Endpoint, authority: string | undefined): Link[] {
  const scheme = kind === 'websocket' ? 'wss' : 'https'
  const href = url ?? (authority === undefined ? undefined : `${scheme}://${authority}${path}`)
  return href === undefined ? [] : [{ rel: `urn:xmpp:alt-connections:${kind}`, href }]
}

/** The request's Host header where it is a name or an address with at most a port, and nothing that could lead elsewhere. */
function authorityOf(request: IncomingMessage): string | undefined {
  const { host } = request.headers
  return host !== undefined && /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(host) ? host : undefined
}

function mount(path: string, type: string, content: (request: IncomingMessage) => string): HttpMount {
  return {
    host: '_',
    path,
    handle(request: IncomingMessage, response: ServerResponse): void {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 }).end()
        return
      }
      const body = Buffer.from(content(request))
      // XEP-0156 §3.2: web clients of any origin may read it.
      const headers = { 'content-type': type, 'content-length': body.length, 'access-control-allow-origin': '*' }
      response.writeHead(200, { ...headers, vary: 'host' })
      response.end(request.method === 'HEAD' ? undefined : body)
    },
  }
}
