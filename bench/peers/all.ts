/** The servers that are compared. */
import { ejabberd } from './ejabberd/index.ts'
import { meerkat } from './meerkat/index.ts'
import { nodeRouter } from './node-router/index.ts'
import type { Peer } from './peer.ts'
import { prosody, prosodyShipped } from './prosody/index.ts'

/** In the order in which they run and appear in tables. */
export const peers: readonly Peer[] = [meerkat(), ejabberd, prosody, prosodyShipped, nodeRouter]

/** Those that Meerkat wants to be cheaper than. */
export const rivals: readonly string[] = ['ejabberd', 'prosody']

/** The peer of that name. */
export function peerCalled(name: string): Peer {
  const found = peers.find((peer) => peer.name === name)
  if (found === undefined) throw new Error(`no peer "${name}"; there are ${peers.map((peer) => peer.name).join(', ')}`)
  return found
}
