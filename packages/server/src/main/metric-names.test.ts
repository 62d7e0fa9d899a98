import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Message } from '@meerkat/protocol'
import { tag } from '@meerkat/xml'
import csi from '../modules/csi.ts'
import disco from '../modules/disco.ts'
import mam from '../modules/mam/index.ts'
import messages from '../modules/messages.ts'
import ping from '../modules/ping.ts'
import roster from '../modules/roster/index.ts'
import { type StoryOptions, story } from '../testing/story.ts'
import { showProcess } from './process-metrics.ts'

const ELEMENTS = [
  '',
  'stanza_',
  'message_',
  'iq_',
  'presence_',
  'error_',
  'message_error_',
  'iq_error_',
  'presence_error_',
]

const trafficNames = (way: string): [string, string][] => [
  ...ELEMENTS.map((what): [string, string] => [`xmpp_element_${way}_${what}count`, 'counter']),
  [`xmpp_element_${way}_byte_size`, 'histogram'],
  [`tcp_data_${way}_byte_size`, 'counter'],
  [`tls_data_${way}_byte_size`, 'counter'],
]

/** The names that exist so far, as the reference has them; `meerkat_…` are our own. Dashboards know these names: they only ever grow. */
const NAMES: Readonly<Record<string, string>> = {
  sm_node_sessions_count: 'gauge',
  sm_total_sessions_count: 'gauge',
  sm_unique_sessions_count: 'gauge',
  sm_session_logins: 'counter',
  sm_session_logouts: 'counter',
  sm_session_count: 'gauge',
  sm_message_bounced_count: 'counter',
  sm_presence_subscription_subscription_count: 'counter',
  sm_presence_subscription_unsubscription_count: 'counter',
  c2s_auth_failed_count: 'counter',
  c2s_message_processed_time: 'histogram',
  router_no_route_found_count: 'counter',
  s2s_auth_failed_count: 'counter',
  router_stanza_dropped_count: 'counter',
  auth_authorize_count: 'counter',
  auth_authorize_time: 'histogram',
  auth_check_password_count: 'counter',
  auth_check_password_time: 'histogram',
  auth_does_user_exist_count: 'counter',
  auth_does_user_exist_time: 'histogram',
  auth_try_register_count: 'counter',
  auth_try_register_time: 'histogram',
  auth_register_user_count: 'counter',
  auth_unregister_user_count: 'counter',
  ...Object.fromEntries(['in', 'out'].flatMap(trafficNames)),
  mod_roster_get_count: 'counter',
  mod_roster_set_count: 'counter',
  mod_roster_push_count: 'counter',
  system_up_time_seconds: 'gauge',
  system_tcp_ports_count: 'gauge',
  system_memory_total: 'gauge',
  meerkat_connections_accepted: 'counter',
  meerkat_connections_refused: 'counter',
  meerkat_stream_errors_count: 'counter',
  meerkat_s2s_dropped_count: 'counter',
  meerkat_slow_readers_closed_count: 'counter',
  meerkat_logins_refused_count: 'counter',
  meerkat_unexpected_errors_count: 'counter',
  meerkat_timers_count: 'gauge',
  meerkat_stanzas_refused_count: 'counter',
  meerkat_commits_failed_count: 'counter',
  meerkat_hook_failures_count: 'counter',
  meerkat_memory_heap_used: 'gauge',
  meerkat_memory_heap_limit: 'gauge',
  meerkat_event_loop_utilization: 'gauge',
}

/** Those of modules that a server may do without. */
const OF_MODULES: Readonly<Record<string, string>> = {
  mod_csi_active_count: 'counter',
  mod_csi_inactive_count: 'counter',
  mod_disco_roster_get_count: 'counter',
  mod_ping_response_count: 'counter',
  mod_ping_response_time: 'histogram',
  mod_ping_response_timeout_count: 'counter',
  mod_mam_pm_archive_message_count: 'counter',
  mod_mam_pm_archive_message_time: 'histogram',
  mod_mam_pm_lookup_count: 'counter',
  mod_mam_pm_lookup_simple: 'counter',
  mod_mam_pm_lookup_size: 'histogram',
  mod_mam_pm_lookup_time: 'histogram',
  mod_mam_pm_dropped_count: 'counter',
  mod_mam_pm_dropped_iq_count: 'counter',
  mod_mam_pm_flushed_count: 'counter',
  mod_mam_pm_flushed_time: 'histogram',
  mod_mam_pm_flushed_time_per_message: 'histogram',
  mod_mam_pm_remove_archive_count: 'counter',
  mod_mam_pm_get_prefs_count: 'counter',
  mod_mam_pm_set_prefs_count: 'counter',
}

const Body = tag('jabber:client', 'body')

/** The value of a series without labels, or of one with the host type of stories. */
const valueOf = (text: string, name: string): number =>
  Number(new RegExp(`^${name}(?:\\{host_type="[^"]*"\\})? (.+)$`, 'm').exec(text)?.[1])

describe('the figures of a server', () => {
  it('have the names and types of the reference', async (t) => {
    const { kernel } = await story(t, { modules: [[messages], [roster]] })
    kernel.traffic.data('c2s')
    showProcess(kernel)
    const names = kernel.metrics.names().filter(([name]) => !name.startsWith('hook_'))
    assert.deepEqual(Object.fromEntries(names), NAMES)
  })

  it('and those of modules have them from the start, before anything is counted', async (t) => {
    const modules: StoryOptions['modules'] = [[csi], [disco], [ping, { send_pings: true }], [mam, { pm: {} }]]
    const { kernel } = await story(t, { modules })
    const names = kernel.metrics.names().filter(([name]) => name.startsWith('mod_'))
    assert.deepEqual(Object.fromEntries(names), OF_MODULES)
  })

  it('count sessions, and messages that bounce', async (t) => {
    const scene = await story(t, { modules: [[messages]], users: ['romeo', 'romeo/2', 'juliet'] })
    await scene.device('juliet').disconnect()
    await scene.device('romeo').send(Message({ to: 'nobody@example.com' }, Body({}, 'Who?')))
    const text = scene.kernel.metrics.text()
    const names = ['sm_session_logins', 'sm_session_logouts', 'sm_session_count', 'sm_unique_sessions_count']
    assert.deepEqual(
      [...names, 'sm_message_bounced_count', 'c2s_message_processed_time_count', 'hook_user_send_count'].map((name) =>
        valueOf(text, name),
      ),
      [3, 1, 2, 1, 1, 1, 1],
    )
  })
})
