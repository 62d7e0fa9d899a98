/** Puts the sink `rabbit` of a host type together. */
import type { Host, Registration } from '../../core/module.ts'
import { outboxKey } from '../../core/outbox.ts'
import type { RabbitPool } from '../../pools/rabbit-pool.ts'
import type { SinkControl } from './api.ts'
import { BestEffort } from './best-effort.ts'
import { DeadLetters } from './dead-letters.ts'
import { rowOf } from './events.ts'
import { Exchanges } from './exchanges.ts'
import { withAccount } from './keeping.ts'
import { Pairing } from './pairing.ts'
import { Pausing } from './pausing.ts'
import { RabbitWork, exchangesOf } from './rabbit.ts'
import type { RabbitSection } from './settings.ts'
import { Sink } from './sink.ts'
import type { Destination } from './sources.ts'
import { watchSink } from './watch.ts'

/** Events under way at a time: all of them may have to go through one channel. */
const MAX_UNDER_WAY = 512

/** A sink that runs. */
export interface RunningSink {
  readonly control: SinkControl
  readonly destination: Destination
  /** Listeners of its own. */
  readonly hooks: readonly Registration[]
  /** Resolves when the exchanges were declared, the broker has refused, or a start has waited long enough. */
  readonly begun: Promise<void>
  stop(): Promise<void>
}

/** Starts it; a broker that cannot be reached is no obstacle. Rejects with a StorageError when the store cannot be. */
export async function startRabbit(host: Host, section: RabbitSection, pool: RabbitPool): Promise<RunningSink> {
  const name = `rabbit@${host.type}`
  const pausing = await Pausing.load(host, name)
  const exchanges = new Exchanges(host, pool, exchangesOf(section), () => sink.control.wake())
  const work = new RabbitWork(host.type, section, pool, exchanges)
  const begin = section.delivery === 'at_least_once' ? certain : fleeting
  const sink = begin({ host, section, pool, name, work, pausing })
  const watching = watchSink(host, sink.control)
  return {
    control: sink.control,
    destination: { wants: wanted(section), ...sink.takes },
    hooks: withAccount(sink.letters, 'rabbit'),
    begun: Promise.race([pool.patience, pool.attempted.then(() => exchanges.declare())]),
    async stop() {
      watching.cancel()
      exchanges.stop()
      await sink.control.stop()
    },
  }
}

interface Parts {
  readonly host: Host
  readonly section: RabbitSection
  readonly pool: RabbitPool
  readonly name: string
  readonly work: RabbitWork
  readonly pausing: Pausing
}

interface Begun {
  readonly control: SinkControl & { wake(): void; stop(): void | Promise<void> }
  readonly takes: Omit<Destination, 'wants'>
  /** Those of an earlier, certain sink when this one makes none. */
  readonly letters: DeadLetters
}

/** Design: an event is committed with what it reports, and published until the broker confirms it. */
function certain({ host, pool, name, work, pausing }: Parts): Begun {
  const outbox = host.shared(outboxKey)
  const reader = outbox.reader(name)
  const letters = new DeadLetters(host, name, outbox)
  const control = new Sink(host, {
    name,
    reader,
    work,
    deadLetters: letters,
    pausing,
    maxUnderWay: Math.min(MAX_UNDER_WAY, pool.capacity),
  })
  const pairing = new Pairing(outbox)
  const takes: Begun['takes'] = {
    join: (delivery, event, metadata) => pairing.keep(delivery, event, metadata),
    add: (event, metadata) => host.commit(outbox.adding(rowOf(event, metadata))),
  }
  return { control, takes, letters }
}

/** As MongooseIM: an event is published once, or dropped. */
function fleeting({ host, section, pool, name, work, pausing }: Parts): Begun {
  const outbox = host.shared(outboxKey)
  // What an earlier, certain sink has left behind would wait for ever.
  outbox.forget(name).catch((error: unknown) => host.report('event_sink_not_forgotten', error, { sink: name }))
  const control = new BestEffort(host, name, section, pool, work, pausing)
  const takes: Begun['takes'] = {
    join: (delivery, event, metadata) => delivery.afterwards(() => control.offer(event, metadata)),
    add: (event, metadata) => control.offer(event, metadata),
  }
  return { control, takes, letters: new DeadLetters(host, name, outbox) }
}

function wanted(section: RabbitSection): Destination['wants'] {
  return (kind, type) => {
    if (kind === 'user_status_event') return section.presence_exchange !== undefined
    return (type === 'chat' ? section.chat_msg_exchange : section.groupchat_msg_exchange) !== undefined
  }
}
