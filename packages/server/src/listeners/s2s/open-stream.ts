/** Opens a stream to the server of a domain: finds it, connects, and shows who we are. */
import type { StanzaCondition } from '@meerkat/protocol'
import type { Kernel } from '../../core/kernel.ts'
import { dial } from './dial.ts'
import type { Dns } from './dns.ts'
import type { S2sOptions } from './options.ts'
import { OutgoingStream, type Purpose } from './outgoing.ts'
import { NoServer, type Target, addressesOf, targetsOf } from './targets.ts'

/** Why no stream could be opened. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  /** What senders are told. */
  readonly condition: StanzaCondition

  constructor(condition: StanzaCondition, reason: string) {
    super(reason)
    this.condition = condition
  }
}

/** What is needed to open streams. */
export interface Opener {
  readonly kernel: Kernel
  readonly dns: Dns
  /** Whether the server stops. */
  readonly isClosed: boolean
}

type Errand = Pick<Purpose, 'local' | 'remote' | 'kind'>

/** Opens a stream. Rejects with Unreachable when no target of the domain takes it. */
export async function openStream(opener: Opener, options: S2sOptions, errand: Errand): Promise<OutgoingStream> {
  const targets = await targetsOf(errand.remote, options, opener.dns).catch((error: unknown) => {
    throw new Unreachable('remote-server-not-found', messageOf(error))
  })
  let reason = 'no target'
  let isFound = false
  for (const target of targets) {
    if (opener.isClosed) throw new Unreachable('remote-server-timeout', 'the server stops')
    try {
      return await tryTarget(opener, options, errand, target)
    } catch (error) {
      isFound ||= !(error instanceof NoServer)
      reason = `${target.host}:${target.port}: ${messageOf(error)}`
    }
  }
  throw new Unreachable(isFound ? 'remote-server-timeout' : 'remote-server-not-found', reason)
}

async function tryTarget(opener: Opener, options: S2sOptions, errand: Errand, target: Target): Promise<OutgoingStream> {
  const addresses = await addressesOf(target, options, opener.dns)
  const attempt = async (external: boolean): Promise<OutgoingStream> => {
    const socket = await dial(opener.kernel, target, addresses, options)
    const stream = new OutgoingStream(opener.kernel, options, socket, { ...errand, directTls: target.tls, external })
    try {
      await stream.ready
    } catch (error) {
      // Servers that refuse a certificate, and close then, may still take dialback (S75).
      if (!stream.wasRefused) throw error
      return attempt(false)
    }
    return stream
  }
  return attempt(true)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
