/** R10: a sink that fails is told in the log, with what waits for it, as long as it fails. */
import type { Host, Timer } from '../../core/module.ts'
import type { SinkControl } from './api.ts'

/** Seconds between two looks. */
const INTERVAL = 60

/** Looks at a sink now and then; cancel the timer to end it. */
export function watchSink(host: Host, sink: SinkControl): Timer {
  let failing = false
  const look = async (): Promise<void> => {
    const { name, state, error, pending } = await sink.status()
    const details = { sink: name, pending, error }
    const fails = state === 'failing' || state === 'starting'
    if (fails) host.log.warn({ what: 'event_sink_failing', ...details }, `events wait: ${error}`)
    else if (failing) host.log.info({ what: 'event_sink_recovered', ...details }, 'events go out again')
    failing = fails
  }
  return host.every(INTERVAL, () => {
    look().catch((error: unknown) => host.report('event_sink_status_failed', error, { sink: sink.name }))
  })
}
