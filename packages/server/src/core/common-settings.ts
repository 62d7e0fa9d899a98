/** Settings that many modules share. */
import { parseJid, tryJid } from '@meerkat/protocol'
import { type Setting, integer, noEffect, oneOf, optionalSection, text } from './settings.ts'

const QUEUES = ['no_queue', 'one_queue', 'queues', 'parallel'] as const

/** How MongooseIM spreads the IQs of a module over Erlang processes; here a session's requests are answered in order. */
export const iqdiscOf = (usual: (typeof QUEUES)[number]) =>
  noEffect(
    optionalSection({
      type: oneOf(QUEUES, usual, 'The kind of queue.'),
      workers: integer(undefined, 'How many queues.', { min: 1 }),
    }),
  )

/** That of most modules. */
export const iqdisc = iqdiscOf('one_queue')

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
