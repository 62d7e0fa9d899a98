/** The last step of a stanza: to a resource, wherever it is connected. */
import type { Element } from '@meerkat/xml'
import type { Delivery } from './delivery.ts'
import type { SessionEntry } from './directory.ts'
import { type Handing, wouldBeStored } from './handover.ts'
import type { Kernel } from './kernel.ts'
import { commitFailed } from './refusal.ts'

/** Hands a stanza to a resource; false when the resource has gone and no other has taken its address. */
export function toResource(
  kernel: Kernel,
  entry: SessionEntry,
  stanza: Element,
  at?: number,
  handing?: Handing,
): boolean {
  const { local } = entry
  if (local === undefined) kernel.carry(entry, stanza, at, handing)
  else if (!local.closed) local.deliver(stanza, at, handing)
  else {
    const heir = kernel.directory.find(entry.jid)
    return heir !== undefined && heir.local !== local && toResource(kernel, heir, stanza, at, handing)
  }
  return true
}

/**
 * Hands a message to a resource; false when the resource has gone and no other has taken its address. One that goes to another node counts as
 * handled when it is stored there, should it be kept for a client that has lost its connection; one of the API, when it is there.
 */
export function handOver(kernel: Kernel, chosen: SessionEntry, delivery: Delivery, handing?: Handing): boolean {
  const { stanza, receivedAt: at, origin, archived } = delivery
  if (chosen.local !== undefined) return toResource(kernel, chosen, stanza, at, handing)
  // The session may have moved since, to this node as well: by way of its old one the message would come late.
  const entry = kernel.directory.find(chosen.jid) ?? chosen
  if (entry.local !== undefined) return toResource(kernel, entry, stanza, at, handing)
  const stored = !archived && kernel.hosts.of(entry.jid.domain)?.hooks.first(wouldBeStored, stanza) === true
  if (!stored && origin !== 'api') return toResource(kernel, entry, stanza, at, handing)
  const carried = kernel.carried(entry, { stanza, at, handing }, stored)
  if (carried !== undefined) delivery.follow(tellingFailure(kernel, delivery, carried))
  return true
}

async function tellingFailure(kernel: Kernel, delivery: Delivery, carried: Promise<void>): Promise<void> {
  try {
    await carried
  } catch (error) {
    commitFailed(kernel, delivery, error)
    throw error
  }
}
