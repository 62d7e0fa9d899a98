/**
 * A bot that sends every chat message back, until somebody sends it `bye`:
 *
 *     node example.ts echo@capulet.example password [host]
 */
import { Body, Message, messageType, Presence } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { type ClientOptions, connect } from './index.ts'

/** Logs in and answers until it is told to stop. */
export async function echo(options: ClientOptions): Promise<void> {
  await using client = await connect({ answerPings: true, ...options })
  client.send(Presence())

  for await (const stanza of client) {
    const body = text(Body.in(stanza))
    if (!Message.is(stanza) || messageType(stanza) !== 'chat' || body === '') continue
    client.send(Message({ to: stanza.attr('from'), type: 'chat' }, Body({}, body)))
    if (body === 'bye') return
  }
}

if (import.meta.main) {
  const [jid, password, host] = process.argv.slice(2)
  await echo({ jid, password, host, log: (direction, line) => console.log(direction === 'in' ? '<' : '>', line) })
}
