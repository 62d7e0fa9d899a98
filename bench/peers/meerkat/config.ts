/** Meerkat's configuration for the benchmark: what it ships with, without the limits that a load generator on one address runs into. */
import { REMOTE, portForServers } from '../../state.ts'
import { type Place, type Profile, archives } from '../peer.ts'

const general = ({ domain, data }: Place, profile: Profile) => `
[general]
  loglevel = "warning"
  hosts = ["${domain}"]
  default_server_domain = "${domain}"
  registration_timeout = "infinity"
  data_dir = "${data}"

[storage]
  durability = "${profile === 'mam-process' ? 'process' : 'power'}"

[auth]
  methods = ["internal"]
  [auth.password]
    format = "scram"
    hash = ["sha"]
    scram_iterations = 4096
  [auth.internal]
`

// Every connection of the generator comes from one address.
const listener = ({ port, certificate }: Place) => `
[[listen.c2s]]
  port = ${port}
  ip_address = "127.0.0.1"
  allow_plain_without_tls = true
  [listen.c2s.pre_auth]
    max_unauthenticated_per_ip = 2000
    max_failures_per_ip = "infinity"
  [listen.c2s.tls]
    mode = "starttls"
    verify_mode = "none"
    certfile = "${certificate.certificate}"
    keyfile = "${certificate.key}"
`

// As many as the rivals have on: what a server that archives nothing ships with.
const modules = ['carboncopy', 'csi', 'disco', 'offline', 'ping', 'presence', 'private', 'register', 'roster']
const basic = [...modules, 'stream_management', 'time', 'version'].map((name) => `[modules.mod_${name}]\n`)

const archive = `
[modules.mod_mam]
  [modules.mod_mam.pm]
`

const events = `
[modules.mod_event_pusher]
  [modules.mod_event_pusher.rabbit]
    [modules.mod_event_pusher.rabbit.presence_exchange]
    [modules.mod_event_pusher.rabbit.chat_msg_exchange]

[outgoing_pools.rabbit.event_pusher]
  scope = "host_type"
`

const federation = ({ port }: Place) => `
[[listen.s2s]]
  port = ${portForServers(port)}
  ip_address = "127.0.0.1"

[s2s.outgoing.tls]
  mode = "starttls"

[[s2s.outgoing.address]]
  host = "${REMOTE.domain}"
  ip_address = "127.0.0.1"
  port = ${REMOTE.port}
`

const eventing = `
[modules.mod_caps]
[modules.mod_pubsub]
`

/** The text of a `meerkat.toml`. */
export const configuration = (place: Place, profile: Profile): string =>
  [
    general(place, profile),
    listener(place),
    ...basic,
    archives(profile) ? archive : '',
    profile === 'full' ? events : '',
    profile === 's2s' ? federation(place) : '',
    profile === 'pep' ? eventing : '',
  ].join('')
