/** The settings of mod_event_pusher, with MongooseIM's names and defaults. */
import { type Settings, type Values, days, flag, oneOf, optionalSection, seconds, text } from '../../core/module.ts'

/** AMQP's short strings, of which a name of an exchange is one, hold so many bytes. */
const exchange = <More extends Settings>(name: string, more: More, events: string) =>
  optionalSection(
    {
      name: text(name, 'The name of the exchange.', { nonEmpty: true }),
      type: text('topic', 'Its type: "topic", "direct", "fanout", "headers", or one that a plug-in brings.', {
        nonEmpty: true,
      }),
      durable: flag(false, 'Whether it outlives a restart of the broker.'),
      ...more,
    },
    `Publish ${events}, to this exchange.`,
  )

const topics = (prefix: string) => ({
  sent_topic: text(`${prefix}_sent`, "Stands behind the sender's address in the routing key.", { nonEmpty: true }),
  recv_topic: text(`${prefix}_recv`, "Stands behind the recipient's address in the routing key.", { nonEmpty: true }),
})

/** `[modules.mod_event_pusher.rabbit]`. */
export const rabbitSettings = {
  presence_exchange: exchange('presence', {}, 'who comes and goes'),
  chat_msg_exchange: exchange('chat_msg', topics('chat_msg'), 'messages between users'),
  groupchat_msg_exchange: exchange('groupchat_msg', topics('groupchat_msg'), 'messages in rooms'),
  delivery: oneOf(
    ['at_least_once', 'best_effort'],
    'at_least_once',
    'Events are stored with what they report and published until the broker confirms; or published once, as MongooseIM does.',
  ),
}

/** The section, once read. */
export type RabbitSection = Values<typeof rabbitSettings>

/** `[modules.mod_event_pusher]`. */
export const eventPusherSettings = {
  rabbit: optionalSection(rabbitSettings, 'Publish events to RabbitMQ, over [outgoing_pools.rabbit.event_pusher].'),
  keep_delivered: seconds(0, 'How long delivered events stay in the store, so that they can be sent once more.', {
    min: 0,
  }),
  keep_for_absent: days(7, 'How long events wait for a sink that is no longer configured.', { infinity: true }),
  keep_dead_letters: days(30, 'How long events that can never be delivered are kept.', { infinity: true }),
}

/** The section, once read. */
export type EventPusherSettings = Values<typeof eventPusherSettings>
