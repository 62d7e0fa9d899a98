/** XEP-0424: Message Retraction, 0.4.2 and 0.3.0, and MongooseIM's form of the latter that names the archive's id. */
import { type Element, tag } from '@meerkat/xml'
import { formatDateTime } from './datetime.ts'
import { OriginId, StanzaId } from './stanza-id.ts'

export const RETRACT_NS = 'urn:xmpp:message-retract:0'
/** The feature of archives that leave a tombstone (XEP-0424 §5). */
export const RETRACT_TOMBSTONE_FEATURE = `${RETRACT_NS}#tombstone`
/** The present protocol, which names a message by the `id` of its stanza. */
export const RETRACT_V1_NS = 'urn:xmpp:message-retract:1'
export const RETRACT_V1_TOMBSTONE_FEATURE = `${RETRACT_V1_NS}#tombstone`
/** Retraction by the archive's id. */
export const RETRACT_BY_STANZA_ID_NS = 'urn:esl:message-retract-by-stanza-id:0'

export const ApplyTo = tag('urn:xmpp:fasten:0', 'apply-to')
export const Retract = tag(RETRACT_NS, 'retract')
export const RetractV1 = tag(RETRACT_V1_NS, 'retract')
export const RetractedV1 = tag(RETRACT_V1_NS, 'retracted')
export const RetractByStanzaId = tag(RETRACT_BY_STANZA_ID_NS, 'retract')
export const Retracted = tag(RETRACT_NS, 'retracted')
export const RetractedByStanzaId = tag(RETRACT_BY_STANZA_ID_NS, 'retracted')

/** Which message a retraction is about: by its stanza's id, by the id of its sender (XEP-0359 origin-id) or by that of the archive. */
export interface Retraction {
  readonly by: 'message-id' | 'origin-id' | 'stanza-id'
  readonly id: string
}

/** Reads a retraction (XEP-0424 §4); undefined when the message is none, or names nothing. */
export function parseRetraction(message: Element): Retraction | undefined {
  const named = RetractV1.in(message)?.attr('id')
  if (named !== undefined && named !== '') return { by: 'message-id', id: named }
  const applied = ApplyTo.in(message)
  const id = applied?.attr('id')
  if (applied === undefined || id === undefined || id === '') return undefined
  if (Retract.in(applied) !== undefined) return { by: 'origin-id', id }
  return RetractByStanzaId.in(applied) === undefined ? undefined : { by: 'stanza-id', id }
}

/** What a tombstone says: when the message was retracted, and the ids that it had. */
export interface Tombstone {
  /** Microseconds since the epoch. */
  readonly stamp: number
  readonly originId: string | undefined
  /** The archive's id, for a retraction that named it. */
  readonly stanzaId?: { readonly id: string; readonly by: string }
}

/** The tombstone of a message that was retracted by its stanza's id (XEP-0424 0.4.2 §4.1); `id` is that of the retraction. */
export function buildTombstoneV1(message: Element, stamp: number, id: string | undefined): Element {
  return message.withChildren([RetractedV1({ stamp: formatDateTime(stamp), id })])
}

/** Puts a tombstone in place of everything that a message held (XEP-0424 §5). */
export function buildTombstone(message: Element, { stamp, originId, stanzaId }: Tombstone): Element {
  const retracted = stanzaId === undefined ? Retracted : RetractedByStanzaId
  return message.withChildren([
    retracted(
      { stamp: formatDateTime(stamp) },
      stanzaId === undefined ? undefined : StanzaId({ ...stanzaId }),
      originId === undefined ? undefined : OriginId({ id: originId }),
    ),
  ])
}
