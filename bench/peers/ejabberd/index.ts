/** ejabberd from Debian: one scheduler, as there is one core, and no busy waiting, which is the best of what was tried. */
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fillIn } from '../template.ts'
import { REMOTE, portForServers } from '../../state.ts'
import { type Launch, type Peer, type Place, type Profile, archives } from '../peer.ts'

const ARCHIVE =
  '  mod_mam: {default: always, db_type: mnesia, request_activates_archiving: false, assume_mam_usage: true}'

const federation = (port: number): string =>
  `  - {port: ${portForServers(port)}, ip: "127.0.0.1", module: ejabberd_s2s_in, max_stanza_size: 262144, shaper: none}
s2s_use_starttls: false`

/** How Erlang looks names up. */
const LOOKUPS = `{resolv_conf, ""}.
{hosts_file, ""}.
{host, {127,0,0,1}, ["localhost"]}.
{nameserver, {127,0,0,1}, ${REMOTE.names}}.
{lookup, [file, dns]}.
`

function prepare({ home, data, port, domain, certificate }: Place, profile: Profile): Launch {
  mkdirSync(data, { recursive: true })
  const config = join(home, 'ejabberd.yml')
  const names = join(home, 'inetrc')
  writeFileSync(names, LOOKUPS)
  const federates = profile === 's2s'
  fillIn(new URL('ejabberd.yml.in', import.meta.url), config, {
    DOMAIN: domain,
    PORT: port,
    CERTIFICATE: certificate.both,
    LISTEN: federates ? federation(port) : '',
    MORE: federates ? '  mod_s2s_dialback: {}' : archives(profile) ? ARCHIVE : '',
  })
  const [library = ''] = globSync('/usr/lib/*/ejabberd-*')
  const emulator = '+K true +P 1000000 +Q 65536 +S 1:1 +SDcpu 1:1 +sbwt none +sbwtdcpu none +sbwtdio none'
  return {
    // Without a name there is no distribution, so neither epmd nor a second node is involved.
    command: 'erl',
    args: ['-noinput', ...emulator.split(' '), '-mnesia', 'dir', `"${data}"`, '-s', 'ejabberd'],
    cwd: home,
    env: {
      EJABBERD_CONFIG_PATH: config,
      EJABBERD_LOG_PATH: join(home, 'ejabberd.log'),
      ERL_CRASH_DUMP_BYTES: '0',
      ERL_LIBS: dirname(library),
      ERL_MAX_PORTS: '32000',
      HOME: home,
      ...(federates && { ERL_INETRC: names }),
    },
  }
}

/** The peer. */
export const ejabberd: Peer = {
  name: 'ejabberd',
  port: 15_222,
  profiles: ['base', 'mam', 'full', 's2s', 'pep'],
  accounts: true,
  rosters: true,
  mechanisms: ['SCRAM-SHA-1', 'PLAIN'],
  keepsSnapshots: true,
  programs: ['erl', 'ejabberdctl'],
  prepare,
}
