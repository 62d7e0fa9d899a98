/**
 * Prosody from Debian. `prosody` has the generational collector, three times cheaper than what it ships with; `prosody-shipped` is as it
 * ships, and takes less memory.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fillIn } from '../template.ts'
import { REMOTE, portForServers } from '../../state.ts'
import { type Launch, type Peer, type Place, type Profile, archives } from '../peer.ts'

const NAMES = `unbound = { resolvconf = false, hoststxt = false, forward = "127.0.0.1@${REMOTE.names}",
	options = { ["local-zone:"] = "test. transparent", ["do-not-query-localhost:"] = "no" } }`

const prepare =
  (collector: string) =>
  ({ home, data, port, domain, certificate }: Place, profile: Profile): Launch => {
    mkdirSync(data, { recursive: true })
    const federates = profile === 's2s'
    const config = join(home, 'prosody.cfg.lua')
    fillIn(new URL('prosody.cfg.lua.in', import.meta.url), config, {
      GC: collector,
      HOME: home,
      DATA: data,
      PORT: port,
      DOMAIN: domain,
      CERTIFICATE: certificate.certificate,
      KEY: certificate.key,
      MORE: federates ? '"dialback";' : archives(profile) ? '"mam";' : '',
      PORTS: federates ? portForServers(port) : '',
      WITHOUT: federates ? '' : '"s2s"',
      NAMES: federates ? NAMES : '',
    })
    return { command: 'prosody', args: ['--config', config, '-F'] }
  }

const common = {
  port: 25_222,
  accounts: true,
  rosters: true,
  mechanisms: ['SCRAM-SHA-1', 'PLAIN'],
  keepsSnapshots: true,
  programs: ['prosody'],
} as const

/** Tuned for speed. */
export const prosody: Peer = {
  ...common,
  name: 'prosody',
  profiles: ['base', 'mam', 'full', 's2s', 'pep'],
  prepare: prepare('gc = { mode = "generational" }'),
}

/** With the collector's settings that it ships with: compared where memory counts. */
export const prosodyShipped: Peer = { ...common, name: 'prosody-shipped', profiles: ['base'], prepare: prepare('') }
