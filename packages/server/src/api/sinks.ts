/** Event sinks, for the category `server` and for `status`: how they do, and what an operator may do about it. MongooseIM has nothing like it. */
import type { Host } from '../core/host.ts'
import type { Kernel } from '../core/kernel.ts'
import { type Outbox, type Place, outboxKey } from '../core/outbox.ts'
import {
  type DeadLetter,
  type DeadLetterBox,
  type SinkControl,
  type SinkHealth,
  sinksOf,
} from '../modules/event-pusher/api.ts'
import { type ApiContext, sharedOrNone } from './context.ts'
import { ApiError } from './errors.ts'
import { type ApiPart, resolver } from './part.ts'

interface Placed {
  readonly host: Host
  readonly sink: SinkControl
}

const allSinks = (kernel: Kernel): Placed[] =>
  kernel.hosts.types().flatMap((host) => sinksOf(host).map((sink) => ({ host, sink })))

/** A sink that does not run as it should, as `status` shows it. */
export interface SinkTrouble extends Pick<SinkHealth, 'name'> {
  readonly state: SinkHealth['state'] | 'not configured'
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
  const absent = outboxOf(kernel)?.absent() ?? []
  return [...troubled, ...absent.map((name) => ({ name, state: 'not configured', error: '' }) as const)]
}

const outboxOf = (kernel: Kernel): Outbox | undefined => sharedOrNone(kernel, outboxKey)

/** What stands behind the `@` of a sink's name. */
const hostTypeOf = (name: string): string => name.slice(name.indexOf('@') + 1)

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
    keptDeadLetters: await sink.deadLetters?.count().catch(() => undefined),
    ...counters,
  }
}

async function describeAbsent(outbox: Outbox, name: string): Promise<object> {
  const pending = await outbox.waiting(name).catch(() => undefined)
  const counters = { delivered: 0, unroutable: 0, failed: 0, deadLettered: 0, dropped: 0 }
  return { hostType: hostTypeOf(name), name, state: 'NOT_CONFIGURED', pending, ...counters }
}

async function listSinks({ kernel }: ApiContext): Promise<object[]> {
  const outbox = outboxOf(kernel)
  const absent = outbox === undefined ? [] : outbox.absent().map((name) => describeAbsent(outbox, name))
  return Promise.all([...allSinks(kernel).map(describeSink), ...absent])
}

function find(context: ApiContext, name: string): Placed {
  const placed = allSinks(context.kernel).find(({ sink }) => sink.name === name)
  if (placed === undefined) throw new ApiError('sink_not_found', 'There is no such event sink', { sink: name })
  return placed
}

function lettersOf(context: ApiContext, name: string): DeadLetterBox {
  const { deadLetters } = find(context, name).sink
  if (deadLetters === undefined) throw notWithBestEffort(name)
  return deadLetters
}

const notWithBestEffort = (sink: string): ApiError =>
  new ApiError('not_supported', 'A sink with delivery = "best_effort" keeps no events', { sink })

interface Replay {
  readonly sink: string
  readonly since?: number | null
  readonly event?: string | null
}

async function replay({ sink: name, since, event }: Replay, context: ApiContext): Promise<object> {
  const placed = find(context, name)
  const { sink } = placed
  if (sink.replay === undefined) throw notWithBestEffort(name)
  if ((since == null) === (event == null))
    throw new ApiError('bad_request', 'Say either since when, or from which event on', { sink: name })
  const from: Place = event == null ? { at: since! } : { id: event }
  if (!(await sink.replay(from)))
    throw new ApiError('event_not_found', 'No such event is kept: see keep_delivered of mod_event_pusher', {
      sink: name,
    })
  return describeSink(placed)
}

async function forget({ sink }: { sink: string }, { kernel }: ApiContext): Promise<string> {
  const outbox = outboxOf(kernel)
  if (outbox?.absent().includes(sink) === true) {
    const pending = await outbox.waiting(sink)
    await outbox.forget(sink)
    return `Sink ${sink} is forgotten, and with it ${pending} events that nobody else waits for`
  }
  if (allSinks(kernel).some((placed) => placed.sink.name === sink))
    throw new ApiError('sink_configured', 'The event sink is configured: only one that is not can be forgotten', {
      sink,
    })
  throw new ApiError('sink_not_found', 'There is no such event sink', { sink })
}

const describeLetter = ({ number, since, at, ...rest }: DeadLetter) => ({ number, since, happenedAt: at, ...rest })

/** Dead letters of a sink, by number. */
type Chosen = { readonly sink: string; readonly numbers: readonly number[] }

/** Adds `sinks`, `deadLetters` and what changes them to the category `server`. */
export const sinksPart: ApiPart = {
  category: 'server',
  sdl: `
extend type ServerAdminQuery {
  "List the event sinks of all host types, and how they do"
  sinks: [EventSink!]! @protected(type: GLOBAL)
  "List the oldest events that a sink has put aside, since they can never be delivered"
  deadLetters(sink: NonEmptyString!, limit: PosInt): [DeadLetter!]! @protected(type: GLOBAL)
}

extend type ServerAdminMutation {
  "Stop sending events to a sink, also after a restart; they are kept"
  pauseSink(sink: NonEmptyString!): EventSink @protected(type: GLOBAL)
  "Go on sending events to a sink"
  resumeSink(sink: NonEmptyString!): EventSink @protected(type: GLOBAL)
  "Send events that are kept once more: all since a time, or from the one with an id on"
  replaySink(sink: NonEmptyString!, since: DateTime, event: NonEmptyString): EventSink @protected(type: GLOBAL)
  "Forget a sink that is not configured, so that events no longer wait for it"
  forgetSink(sink: NonEmptyString!): String @protected(type: GLOBAL)
  "Let a sink try events once more that it has put aside; tells how many"
  requeueDeadLetters(sink: NonEmptyString!, numbers: [PosInt!]!): Int @protected(type: GLOBAL)
  "Remove events that a sink has put aside; tells how many"
  deleteDeadLetters(sink: NonEmptyString!, numbers: [PosInt!]!): Int @protected(type: GLOBAL)
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
  "Events wait for it, and the configuration has no such sink"
  NOT_CONFIGURED
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
  "Events put aside that are kept; null when the store cannot be asked"
  keptDeadLetters: NonNegInt
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

"An event that can never be delivered."
type DeadLetter @protected(type: GLOBAL) {
  number: PosInt!
  "When it was put aside"
  since: DateTime!
  "Why"
  reason: String!
  "The id of the event"
  id: String!
  kind: String!
  "The addresses that it is about"
  conversation: String!
  happenedAt: DateTime!
  "The event itself, JSON"
  body: String!
}
`,
  resolvers: {
    ServerAdminQuery: {
      sinks: resolver((_args, context) => listSinks(context)),
      deadLetters: resolver(async ({ sink, limit }: { sink: string; limit?: number | null }, context) =>
        (await lettersOf(context, sink).list(Math.min(limit ?? 100, 1000))).map(describeLetter),
      ),
    },
    ServerAdminMutation: {
      pauseSink: resolver(async ({ sink: name }: { sink: string }, context) => {
        const placed = find(context, name)
        await placed.sink.pause()
        return describeSink(placed)
      }),
      resumeSink: resolver(async ({ sink: name }: { sink: string }, context) => {
        const placed = find(context, name)
        await placed.sink.resume()
        return describeSink(placed)
      }),
      replaySink: resolver(replay),
      forgetSink: resolver(forget),
      requeueDeadLetters: resolver(({ sink, numbers }: Chosen, context) => lettersOf(context, sink).requeue(numbers)),
      deleteDeadLetters: resolver(({ sink, numbers }: Chosen, context) => lettersOf(context, sink).remove(numbers)),
    },
  },
}
