/** The bare router: what no server on Node can be much cheaper than. */
import { join } from 'node:path'
import { monitored } from '../meerkat/monitored.ts'
import type { Peer } from '../peer.ts'

/** The peer. */
export const nodeRouter: Peer = {
  name: 'node-router',
  port: 16_222,
  profiles: ['base'],
  accounts: false,
  rosters: false,
  mechanisms: ['PLAIN'],
  keepsSnapshots: true,
  programs: [],
  prepare: ({ home, port, domain, certificate: { certificate, key } }) => {
    const launch = monitored(home, [join(import.meta.dirname, 'router.mjs')])
    return { ...launch, env: { ...launch.env, PORT: String(port), DOMAIN: domain, CERTIFICATE: certificate, KEY: key } }
  },
}
