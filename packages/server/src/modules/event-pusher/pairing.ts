/** One row for both events of a message between users of the server: what was sent, and what is about to be received. */
import type { Delivery } from '../../core/module.ts'
import type { Adding, NewEvent, Outbox } from '../../core/outbox.ts'
import { type ChatEvent, type Event, type Metadata, NO_METADATA, rowOf, rowOfBoth } from './events.ts'

interface Sent {
  readonly delivery: Delivery
  readonly event: ChatEvent
  readonly row: NewEvent
  readonly adding: Adding
}

/** Keeps events with their deliveries. */
export class Pairing {
  readonly #outbox: Pick<Outbox, 'adding'>
  /** The sent message whose event was kept last: what follows is mostly that it is received. */
  #sent: Sent | undefined

  constructor(outbox: Pick<Outbox, 'adding'>) {
    this.#outbox = outbox
  }

  /** Keeps an event with the delivery that it tells of. */
  keep(delivery: Delivery, event: Event, metadata: Metadata): void {
    const sent = this.#sent
    this.#sent = undefined
    const alone = event.kind === 'chat_event' && metadata === NO_METADATA ? event : undefined
    if (alone !== undefined && sent?.delivery === delivery && arePair(sent.event, alone))
      return sent.adding.become(rowOfBoth(sent.row, alone))
    const row = rowOf(event, metadata)
    const adding = this.#outbox.adding(row)
    delivery.keep(adding)
    if (alone?.direction === 'in') this.#sent = { delivery, event: alone, row, adding }
  }
}

/** Whether the two differ in nothing but their directions. A filter may have changed the stanza in between. */
const arePair = (sent: ChatEvent, received: ChatEvent): boolean =>
  received.direction === 'out' &&
  sent.conversation === received.conversation &&
  sent.from === received.from &&
  sent.to === received.to &&
  sent.type === received.type &&
  sent.body === received.body
