/** What becomes of a stanza that cannot go on: its sender is told why. */
import { StanzaError, errorReply, mayBounce } from '@meerkat/protocol'
import type { Delivery } from './delivery.ts'
import { first } from './hooks.ts'
import type { Host } from './host.ts'
import type { Kernel } from './kernel.ts'
import { when } from './when.ts'

/**
 * Fired before the sender of a message is told that it was refused, or that nobody takes it; true when a listener tells it, or need not.
 * `durable`: whether what the message leaves behind is stored all the same.
 */
export const messageRefused = first<[delivery: Delivery, durable: boolean], boolean>('message refused')

/** Any exception but a StanzaError is a fault of ours: logged, and told as `internal-server-error` (R24). */
export function refuse(kernel: Kernel, delivery: Delivery, error: unknown): void {
  const host = hostOf(kernel, delivery)
  if (host !== undefined) host.counters.stanzasRefused++
  const known = error instanceof StanzaError
  if (!known) kernel.report('stanza_failed', error)
  const { stanza } = delivery
  // Nobody asked for an answer to a broadcast presence.
  if (!mayBounce(stanza) || (stanza.name === 'presence' && stanza.attr('to') === undefined)) return
  const reply = errorReply(stanza, known ? error : new StanzaError('wait', 'internal-server-error'))
  if (host === undefined || stanza.name !== 'message') return kernel.router.answer(delivery, reply)
  host.counters.messagesBounced++
  void when(host.hooks.first(messageRefused, delivery, false), (told) => {
    if (told !== true) kernel.router.answer(delivery, reply)
  })
}

/** What a delivery keeps was not stored. Only clients and other servers are answered here: who waits for `settled` learns of the failure there. */
export function commitFailed(kernel: Kernel, delivery: Delivery, error: unknown): void {
  const host = hostOf(kernel, delivery)
  if (host !== undefined) host.counters.commitsFailed++
  const known = error instanceof StanzaError
  if (!known) kernel.report('commit_failed', error)
  if (delivery.session !== undefined || delivery.origin === 's2s')
    refuse(kernel, delivery, known ? error : new StanzaError('wait', 'internal-server-error'))
}

/** The host type that counts what was refused. */
function hostOf(kernel: Kernel, { from, to }: Delivery): Host | undefined {
  return kernel.hosts.of(from.domain) ?? kernel.hosts.of(to.domain)
}
