/** Settings that many modules share. */
import { integer, noEffect, oneOf, optionalSection } from './settings.ts'

/** How MongooseIM spreads the IQs of a module over Erlang processes; here a session's requests are answered in order. */
export const iqdisc = noEffect(
  optionalSection({
    type: oneOf(['no_queue', 'one_queue', 'queues', 'parallel'], 'one_queue', 'The kind of queue.'),
    workers: integer(undefined, 'How many queues.', { min: 1 }),
  }),
)
