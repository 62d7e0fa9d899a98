/** The names of what the kernel counts: those of the reference, and `meerkat_…` for what the reference has no word for. */
import type { Host } from './host.ts'
import type { Kernel } from './kernel.ts'

/** Shows the figures of the node. */
export function showNode(kernel: Kernel): void {
  const { counters, directory } = kernel
  const node = kernel.metrics.scope()
  const started = kernel.clock.monotonic()
  node.gauge('sm_node_sessions', 'count', () => localSessions(kernel))
  node.gauge('sm_total_sessions', 'count', () => directory.size)
  node.gauge('sm_unique_sessions', 'count', () => directory.users)
  node.counted('router_no_route_found', 'count', () => counters.noRouteFound)
  node.gauge('system_up_time', 'seconds', () => Math.floor((kernel.clock.monotonic() - started) / 1000))
  node.counted('s2s_auth_failed', 'count', () => counters.s2sAuthFailed)
  node.counted('meerkat_s2s_dropped', 'count', () => counters.s2sDropped)
  node.counted('meerkat_connections', 'accepted', () => counters.connectionsAccepted)
  node.counted('meerkat_connections', 'refused', () => counters.connectionsRefused)
  node.counted('meerkat_stream_errors', 'count', () => counters.streamErrors)
  node.counted('meerkat_slow_readers_closed', 'count', () => counters.slowReadersClosed)
  node.counted('meerkat_logins_refused', 'count', () => counters.loginsRefused)
  node.counted('meerkat_unexpected_errors', 'count', () => counters.unexpectedErrors)
  node.gauge('meerkat_timers', 'count', () => kernel.timers.size)
}

function localSessions(kernel: Kernel): number {
  let count = 0
  for (const { counters } of kernel.hosts.types()) count += counters.sessionsOpened - counters.sessionsClosed
  return count
}

/** Shows the figures of a host type. */
export function showHost(kernel: Kernel, host: Host): void {
  const { counters, metrics } = host
  metrics.counted('sm_session', 'logins', () => counters.sessionsOpened)
  metrics.counted('sm_session', 'logouts', () => counters.sessionsClosed)
  metrics.gauge('sm_session', 'count', () => counters.sessionsOpened - counters.sessionsClosed)
  metrics.counted('sm_message_bounced', 'count', () => counters.messagesBounced)
  metrics.counted('sm_presence_subscription', 'subscription_count', () => counters.subscriptions)
  metrics.counted('sm_presence_subscription', 'unsubscription_count', () => counters.unsubscriptions)
  metrics.counted('c2s_auth_failed', 'count', () => counters.authFailures)
  metrics.showHistogram('c2s_message_processed', 'time', counters.messageTime)
  metrics.counted('router_stanza_dropped', 'count', () => counters.stanzasDropped)
  metrics.counted('meerkat_stanzas_refused', 'count', () => counters.stanzasRefused)
  metrics.counted('meerkat_commits_failed', 'count', () => counters.commitsFailed)
  metrics.counted('meerkat_hook_failures', 'count', () => counters.hookFailures)
  showAccounts(host)
  kernel.traffic.elements('c2s', host.type)
}

function showAccounts({ accounts: { counters }, metrics }: Host): void {
  for (const [event, histogram] of [
    ['auth_authorize', counters.authorize],
    ['auth_check_password', counters.checkPassword],
    ['auth_does_user_exist', counters.doesUserExist],
    ['auth_try_register', counters.tryRegister],
  ] as const) {
    metrics.counted(event, 'count', () => histogram.count)
    metrics.showHistogram(event, 'time', histogram)
  }
  metrics.counted('auth_register_user', 'count', () => counters.registered)
  metrics.counted('auth_unregister_user', 'count', () => counters.unregistered)
}
