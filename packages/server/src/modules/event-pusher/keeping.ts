/** What bounds the events that are kept: ages, and what goes with an account. */
import { type Host, type Registration, type Timer, accountRemoved, personalData, timeOf } from '../../core/module.ts'
import { outboxKey } from '../../core/outbox.ts'
import { DeadLetters } from './dead-letters.ts'
import type { EventPusherSettings } from './settings.ts'

/** Seconds between two looks at what has become too old. */
const INTERVAL = 3600
const SECOND = 1_000_000
const DAY = 86_400 * SECOND

/** Removes what has become too old, now and then; cancel the timer to end it. */
export function removeOld(host: Host, config: EventPusherSettings): Timer {
  const outbox = host.shared(outboxKey)
  outbox.keepPassed(config.keep_delivered * SECOND)
  const letters = new DeadLetters(host, '', outbox)
  const look = async (): Promise<void> => {
    const now = host.clock.micros()
    if (config.keep_dead_letters < Infinity) await letters.expire(now - config.keep_dead_letters * DAY)
    if (config.keep_for_absent === Infinity) return
    const sinks = outbox.absent()
    const events = await outbox.expire(now - config.keep_for_absent * DAY)
    const what = 'events_for_absent_sinks_given_up'
    if (events > 0) host.log.warn({ what, sinks, events }, `nobody has fetched them for ${config.keep_for_absent} days`)
  }
  return host.every(INTERVAL, () => {
    look().catch((error: unknown) => host.report('old_events_not_removed', error))
  })
}

/** Dead letters that tell of a user go with the account, and are the user's to have. */
export const withAccount = (letters: DeadLetters, sink: string): readonly Registration[] => [
  accountRemoved.on(async (writes, user) => [...writes, ...(await letters.ofUser(user.toString()))]),
  personalData.on(async (data, user) => {
    const rows = (await letters.tellingOf(user.toString())).map(({ id, kind, at, body }) => [
      id,
      kind,
      timeOf(at),
      body,
    ])
    return [
      ...data,
      { group: `event_pusher_${sink.replaceAll(/\W+/g, '_')}`, columns: ['id', 'kind', 'timestamp', 'event'], rows },
    ]
  }),
]
