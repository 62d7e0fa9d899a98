/** The configuration file that a new server starts with: small, commented, safe on a developer's machine. */

/** What differs between starter files. */
export interface StarterOptions {
  /** The domain that is served. */
  readonly domain?: string
  /** A certificate and its key, relative to the configuration file's folder; without them the server makes one itself. */
  readonly certificate?: { readonly certfile: string; readonly keyfile: string }
}

/** A `meerkat.toml` for one domain. More tables may be appended to it. */
export function starterConfig({ domain = 'localhost', certificate }: StarterOptions = {}): string {
  return [top(domain), listeners(certificateKeys(certificate)), rest(domain)].join('\n')
}

function certificateKeys(certificate: StarterOptions['certificate']): string {
  if (certificate !== undefined) {
    return `    certfile = ${quoted(certificate.certfile)}\n    keyfile = ${quoted(certificate.keyfile)}`
  }
  return `    # Until you name a certificate, the server makes one for development.
    # certfile = "/etc/ssl/example.pem"
    # keyfile = "/etc/ssl/example.key"`
}

const quoted = (text: string): string => JSON.stringify(text)

const top = (domain: string): string => `\
# Meerkat's configuration. This file is the whole configuration: what is not
# written here has the default of the reference. The names are MongooseIM's.

[general]
  loglevel = "notice"
  # The domains that are served from the start.
  hosts = [${quoted(domain)}]
  # Stands in stream errors before a client has named a domain.
  default_server_domain = ${quoted(domain)}
  language = "en"
  # Accounts, archives and other data; relative to this file's folder.
  data_dir = "data"

[storage]
  # "power": acknowledged data survives a loss of power.
  # "process": faster; it survives the end of the process.
  durability = "power"
`

const listeners = (certificate: string): string => `\
# Clients, with TLS begun on the stream. Every listener here is bound to this
# machine only: to open one to the network, set ip_address = "0.0.0.0" (or "::"
# for IPv6 as well) and use a certificate that your clients trust.
[[listen.c2s]]
  port = 5222
  ip_address = "127.0.0.1"
  access = "c2s"
  shaper = "normal"
  [listen.c2s.tls]
    mode = "starttls"
    # Clients need no certificate of their own.
    verify_mode = "none"
${certificate}

# Clients, with TLS from the first byte.
[[listen.c2s]]
  port = 5223
  ip_address = "127.0.0.1"
  access = "c2s"
  shaper = "normal"
  [listen.c2s.tls]
    mode = "tls"
    verify_mode = "none"
${certificate}

# Clients that speak over HTTP, such as web pages: WebSocket and BOSH. Give this listener
# a [listen.http.tls] with certfile and keyfile, or put a proxy with TLS before
# it, before you open it.
[[listen.http]]
  port = 5280
  ip_address = "127.0.0.1"
  [[listen.http.handlers.mongoose_websocket_handler]]
    host = "_"
    path = "/ws-xmpp"
  [[listen.http.handlers.mongoose_bosh_handler]]
    host = "_"
    path = "/http-bind"

# The GraphQL API for administrators. No name and password are set, so that
# whoever reaches this port may do everything: keep it on this machine, or set
# username and password below before you open it.
[[listen.http]]
  port = 5551
  ip_address = "127.0.0.1"
  [[listen.http.handlers.mongoose_graphql_handler]]
    host = "_"
    path = "/api/graphql"
    schema_endpoint = "admin"
  # Figures for Prometheus, and what load balancers and supervisors ask: whether
  # the process is alive, and whether it takes clients.
  [[listen.http.handlers.mongoose_prometheus_handler]]
    host = "_"
    path = "/metrics"
  [[listen.http.handlers.meerkat_health_handler]]
    host = "_"
    path = "/health"
  [[listen.http.handlers.meerkat_ready_handler]]
    host = "_"
    path = "/ready"
`

const rest = (domain: string): string => `\
# Sessions of clients that come by BOSH.
[services.service_bosh]

# Accounts are kept in the server's own store, as keys for SCRAM.
[auth]
  methods = ["internal"]
  [auth.password]
    format = "scram"
  [auth.internal]

# Traffic: bytes a second for clients, operations a second for archives.
[shaper]
  [shaper.normal]
    max_rate = 16384
  [shaper.fast]
    max_rate = 50000
  [shaper.mam_shaper]
    max_rate = 1
  [shaper.mam_global_shaper]
    max_rate = 1000

# Classes of users. Administrators: admin = [{ user = "alice", server = ${quoted(domain)} }]
[acl]
  local = [{}]

# What each class may do; the first clause that fits decides, and none means no.
[access]
  max_user_sessions = [{ acl = "all", value = 10 }]
  max_user_offline_messages = [{ acl = "admin", value = 5000 }, { acl = "all", value = 100 }]
  local = [{ acl = "local", value = "allow" }]
  c2s = [{ acl = "blocked", value = "deny" }, { acl = "all", value = "allow" }]
  register = [{ acl = "all", value = "allow" }]
  muc = [{ acl = "all", value = "allow" }]
  muc_admin = [{ acl = "admin", value = "allow" }]
  muc_create = [{ acl = "local", value = "allow" }]
  mam_set_prefs = [{ acl = "all", value = "default" }]
  mam_get_prefs = [{ acl = "all", value = "default" }]
  mam_lookup_messages = [{ acl = "all", value = "default" }]
  mam_set_prefs_shaper = [{ acl = "all", value = "mam_shaper" }]
  mam_get_prefs_shaper = [{ acl = "all", value = "mam_shaper" }]
  mam_lookup_messages_shaper = [{ acl = "all", value = "mam_shaper" }]
  mam_set_prefs_global_shaper = [{ acl = "all", value = "mam_global_shaper" }]
  mam_get_prefs_global_shaper = [{ acl = "all", value = "mam_global_shaper" }]
  mam_lookup_messages_global_shaper = [{ acl = "all", value = "mam_global_shaper" }]

# Features: a section switches its module on.
[modules.mod_presence]

[modules.mod_roster]
  versioning = true

[modules.mod_disco]
  users_can_see_hidden_services = false

[modules.mod_ping]

# Sessions outlive their connections: clients that change networks lose nothing.
[modules.mod_stream_management]

# All devices of a user have the whole conversation; idle ones are woken less.
[modules.mod_carboncopy]

[modules.mod_csi]

# Clients on this machine may register accounts.
[modules.mod_register]
  access = "register"
  ip_access = [
    { address = "127.0.0.0/8", policy = "allow" },
    { address = "::1", policy = "allow" },
    { address = "0.0.0.0/0", policy = "deny" },
    { address = "::/0", policy = "deny" },
  ]

[modules.mod_offline]
  access_max_user_messages = "max_user_offline_messages"

# The archive of messages between users.
[modules.mod_mam.pm]

[modules.mod_time]

[modules.mod_version]

[modules.mod_private]

# Whom users do not want to hear of.
[modules.mod_privacy]

[modules.mod_blocking]

# Profiles with pictures, and a directory of users.
[modules.mod_vcard]

# When users were last there.
[modules.mod_last]

# What clients can do, and what users publish for their contacts and their own
# devices: pictures, keys for encryption, moods, bookmarks.
[modules.mod_caps]

[modules.mod_pubsub]

[modules.mod_adhoc]

[modules.mod_sic]
`
