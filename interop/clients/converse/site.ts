/** A web site with Converse.js, from where interop/services/converse.sh has put it. */
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir } from 'node:os'
import { extname, join, normalize } from 'node:path'

const state =
  process.env['SERVICES_STATE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'meerkat-services')
const folder = join(state, 'converse-14.0.0', 'dist')

/** Whether it is there. */
export const isPresent = existsSync(join(folder, 'converse.min.js'))

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
}

/** Who logs in, and where. */
export interface Visitor {
  readonly jid: string
  readonly password: string
  readonly url: string
}

/** The page, on which `converse` stands open for the test as `api`. */
function page({ jid, password, url }: Visitor): string {
  const settings = {
    authentication: 'login',
    auto_login: true,
    jid,
    password,
    websocket_url: url,
    discover_connection_methods: false,
    assets_path: '/dist/',
    view_mode: 'fullscreen',
    i18n: 'en',
    // One person in one tab: nothing has to outlive it.
    persistent_store: 'sessionStorage',
    enable_smacks: true,
    whitelisted_plugins: ['test'],
  }
  return `<!doctype html><meta charset="utf-8"><title>Converse</title>
<link rel="stylesheet" href="/dist/converse.min.css"><body class="converse-fullscreen"><script type="module">
import '/dist/converse.min.js'
converse.plugins.add('test', { initialize() { window.api = this._converse.api } })
converse.initialize(${JSON.stringify(settings)})
</script>`
}

/** Serves the page for one visitor, on a free port of 127.0.0.1; resolves with its address. */
export async function serve(visitor: Visitor): Promise<{ readonly address: string; readonly server: Server }> {
  const server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    const file = join(folder, normalize(pathname.replace(/^\/dist/, '')))
    if (pathname === '/') response.setHeader('content-type', 'text/html').end(page(visitor))
    else if (!pathname.startsWith('/dist/') || !existsSync(file)) response.writeHead(404).end()
    else response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream').end(readFileSync(file))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server }
}
