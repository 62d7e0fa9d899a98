/** The state of event sinks, for the category `server` and for `status`; MongooseIM has nothing like it. */
import type { Host } from '../core/host.ts'
import type { Kernel } from '../core/kernel.ts'
import { type SinkControl, type SinkHealth, sinksOf } from '../modules/event-pusher/api.ts'
import { type ApiPart, resolver } from './part.ts'

interface Placed {
  readonly host: Host
  readonly sink: SinkControl
}

const allSinks = (kernel: Kernel): Placed[] =>
  kernel.hosts.types().flatMap((host) => sinksOf(host).map((sink) => ({ host, sink })))

/** A sink that does not run as it should, as `status` shows it. */
export interface SinkTrouble extends Pick<SinkHealth, 'name' | 'state'> {
  /** The words of the broker; '' when there are none. */
  readonly error: string
}

/** The sinks that do not run as they should; asks neither the store nor a broker. */
export function troubledSinks(kernel: Kernel): SinkTrouble[] {
  const troubled: SinkTrouble[] = []
  for (const { sink } of allSinks(kernel)) {
    const { name, state, error = '' } = sink.health()
    if (state !== 'running') troubled.push({ name, state, error })
  }
  return troubled
}

async function describeSink({ host, sink }: Placed): Promise<object> {
  // A store that fails is no reason to hide what the sink knows itself.
  const status = await sink.status().catch(() => undefined)
  const { name, state, error, lastDeliveredAt, counters } = status ?? sink.health()
  return {
    hostType: host.type,
    name,
    state: state.toUpperCase(),
    error,
    pending: status?.pending,
    lastDeliveredAt: lastDeliveredAt === undefined ? undefined : lastDeliveredAt * 1000,
    ...counters,
  }
}

/** Adds `sinks` to the category `server`. */
export const sinksPart: ApiPart = {
  category: 'server',
  sdl: `
extend type ServerAdminQuery {
  "List the event sinks of all host types, and how they do"
  sinks: [EventSink!]! @protected(type: GLOBAL)
}

"How an event sink does."
enum EventSinkState {
  "It has not reached its broker yet"
  STARTING
  RUNNING
  "Events do not go through"
  FAILING
  "The last event went through, and no queue wanted it"
  UNROUTABLE
  PAUSED
  STOPPED
}

"Where events go; the counters begin when the sink is started."
type EventSink @protected(type: GLOBAL) {
  hostType: String!
  name: String!
  state: EventSinkState!
  "Why, in the words of the broker"
  error: String
  "Events not delivered yet; null when the store cannot be asked"
  pending: NonNegInt
  lastDeliveredAt: DateTime
  delivered: NonNegInt!
  "Delivered, and no queue wanted them"
  unroutable: NonNegInt!
  "Attempts that failed; they are repeated"
  failed: NonNegInt!
  "Events that the broker can never take, put aside"
  deadLettered: NonNegInt!
  "Events lost, which only best effort does"
  dropped: NonNegInt!
}
`,
  resolvers: {
    ServerAdminQuery: {
      sinks: resolver((_args, { kernel }) => Promise.all(allSinks(kernel).map(describeSink))),
    },
  },
}
