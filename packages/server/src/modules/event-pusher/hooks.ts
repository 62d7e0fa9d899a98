/** What mod_event_pusher asks other modules. */
import { fold } from '../../core/module.ts'
import type { Event, Metadata } from './events.ts'

export type { ChatEvent, Event, Metadata, UserStatusEvent } from './events.ts'

/** An event on its way to the sinks. */
export interface Pushed {
  /** Set: the event goes nowhere. */
  readonly dropped: boolean
  readonly metadata: Metadata
}

/**
 * Fired for each event that some sink takes, before it is stored. A listener returns what it was given, or a copy with more metadata, or with
 * `dropped` set.
 */
export const pushEvent = fold<Pushed, [event: Event]>('push event')
