/** Presence and subscriptions (RFC 6121 §3, §4), each step followed until everybody concerned has heard of it. */
import { Iq, Presence, RosterQuery } from '@meerkat/protocol'
import { type Client } from '../client.ts'
import { type Pattern, presence } from './pattern.ts'

/**
 * Sends initial presence and waits until the device, and those in `related`, which see each other's presence, have all
 * heard of it (RFC 6121 §4.2.2 has the server tell the device itself, too).
 */
export async function announce(device: Client, related: readonly Client[]): Promise<void> {
  device.send(Presence())
  await receive(device, presence({ from: device }))
  for (const other of related) {
    await receive(device, presence({ from: other }))
    await receive(other, presence({ from: device }))
  }
}

/** Subscribes both to each other's presence (RFC 6121 §3.1). Both must be available, and the only devices of their users. */
export async function befriend(one: Client, other: Client): Promise<void> {
  // RFC 6121 §3.1.6: only devices that have asked for the roster are told of an approval
  for (const device of [one, other]) await device.request(Iq({ type: 'get' }, RosterQuery()))
  await subscribe(one, other)
  await subscribe(other, one)
}

async function subscribe(one: Client, other: Client): Promise<void> {
  one.send(Presence({ type: 'subscribe', to: other.jid.bare }))
  await receive(other, presence({ type: 'subscribe', from: one.jid.bare }))
  other.send(Presence({ type: 'subscribed', to: one.jid.bare }))
  await receive(one, presence({ type: 'subscribed', from: other.jid.bare }))
  await receive(one, presence({ from: other }))
}

function receive(device: Client, pattern: Pattern): Promise<unknown> {
  return device.receive(pattern.matches, { what: `${pattern.what} while the story is prepared` })
}
