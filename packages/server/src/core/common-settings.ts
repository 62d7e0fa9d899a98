/** Settings that many modules share. */
import { parseJid, tryJid } from '@meerkat/protocol'
import { type Setting, integer, noEffect, oneOf, optionalSection, text } from './settings.ts'

/** How MongooseIM spreads the IQs of a module over Erlang processes; here a session's requests are answered in order. */
export const iqdisc = noEffect(
  optionalSection({
    type: oneOf(['no_queue', 'one_queue', 'queues', 'parallel'], 'one_queue', 'The kind of queue.'),
    workers: integer(undefined, 'How many queues.', { min: 1 }),
  }),
)

/** A JID, as text in its prepared form. */
export function jid<D extends string | undefined = undefined>(fallback?: D, doc = ''): Setting<string | D> {
  const any = text(fallback, doc)
  const schema: typeof any.schema = (context) =>
    any
      .schema(context)
      .refine((value) => tryJid(String(value)) !== undefined, { error: 'wants a JID' })
      .transform((value) => parseJid(String(value)).toString())
  return { ...any, type: 'a JID', schema }
}
