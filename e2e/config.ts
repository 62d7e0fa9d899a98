/** The configuration of a server under test: a small `meerkat.toml`, of which a test changes what it is about. */
import { type TestCertificate } from '@meerkat/client/testing'

/** When a listener for clients speaks TLS; `none` has no TLS and accepts passwords in the clear. */
export type ListenerTls = 'starttls' | 'starttls_required' | 'tls' | 'none'

/** One `[[listen.c2s]]`, on a port that the operating system chooses. */
export interface ListenerOptions {
  readonly tls: ListenerTls
  /** More lines of its table, such as `pre_auth.auth_timeout = 2`. */
  readonly settings?: string
  /** More lines of its table `tls`. */
  readonly tlsSettings?: string
}

/** What differs between servers under test. */
export interface ConfigOptions {
  /** The domains that are served; the first is the default one. `localhost` unless given. */
  readonly domains?: readonly string[]
  /** Listeners for clients by name; unless given: `main` with STARTTLS, `direct` with TLS from the first byte, `open` without TLS. */
  readonly listeners?: Readonly<Record<string, ListenerOptions>>
  /** The tables of the modules; presence, roster, disco and ping unless given. */
  readonly modules?: string
  /** More lines of `[general]`, `[auth]`, `[acl]` and `[access]`. */
  readonly general?: string
  readonly auth?: string
  readonly acl?: string
  readonly access?: string
  /** More tables, at the end of the file. */
  readonly extra?: string
}

/** The listeners of a server whose test is not about listeners. */
export const usualListeners: Readonly<Record<string, ListenerOptions>> = {
  main: { tls: 'starttls' },
  direct: { tls: 'tls' },
  open: { tls: 'none' },
}

const usualModules = `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_ping]`

/** Names of the certificate's files, beside the configuration. */
export const CERTIFICATE_FILE = 'certificate.pem'
export const KEY_FILE = 'key.pem'

/** The certificate's files by name. */
export function certificateFiles({ cert, key }: TestCertificate): Record<string, string> {
  return { [CERTIFICATE_FILE]: cert, [KEY_FILE]: key }
}

/** The whole file. Limits are the server's own unless the test says otherwise; there is no shaper, so that nothing waits. */
export function configText({
  domains = ['localhost'],
  listeners = usualListeners,
  modules = usualModules,
  general = '',
  auth = '',
  acl = '',
  access = '',
  extra = '',
}: ConfigOptions): string {
  return `[general]
loglevel = "info"
hosts = ${JSON.stringify(domains)}
default_server_domain = ${JSON.stringify(domains[0])}
data_dir = "data"
${general}

[storage]
durability = "process"

${Object.values(listeners).map(listenerText).join('\n')}
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.mongoose_graphql_handler]]
host = "_"
path = "/api/graphql"
schema_endpoint = "admin"

[auth]
methods = ["internal"]
password.format = "scram"
password.scram_iterations = 4096
${auth}
[auth.internal]

[acl]
local = [{}]
${acl}

[access]
c2s = [{ acl = "all", value = "allow" }]
local = [{ acl = "local", value = "allow" }]
register = [{ acl = "all", value = "allow" }]
${access}

${modules}

${extra}
`
}

function listenerText({ tls, settings = '', tlsSettings = '' }: ListenerOptions): string {
  return `[[listen.c2s]]
port = 0
ip_address = "127.0.0.1"
${settings.includes('access =') ? '' : 'access = "c2s"'}
${tls === 'none' && !settings.includes('allow_plain') ? 'allow_plain_without_tls = true' : ''}
${settings}
${tls === 'none' ? '' : tlsText(tls, tlsSettings)}`
}

function tlsText(mode: ListenerTls, settings: string): string {
  return `[listen.c2s.tls]
mode = "${mode}"
${settings.includes('verify_mode') ? '' : 'verify_mode = "none"'}
certfile = "${CERTIFICATE_FILE}"
keyfile = "${KEY_FILE}"
${settings}
`
}
