/**
 * Puts messages into the archives of sender and recipient (XEP-0313 §6.1). The rows go into the unit of the delivery: a message is archived
 * before anyone receives it, or refused.
 *
 * Both filters stand at `normal`. Filters that refuse (privacy, blocking) stand at `early`, so that what they refuse is never kept; what works
 * with the message as it will be read (inbox, events) stands at `late` and sees its stanza-id. A filter that refuses after this one takes the
 * rows with it, since nothing of a refused delivery is committed.
 */
import { type Jid, StanzaId, messageType, parseRetraction, stripStanzaIds } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type Delivery, type Host, type Verdict, when } from '../../core/module.ts'
import { type Direction, isArchivable } from './archivable.ts'
import { archiveId, encodeId } from '../../core/message-ids.ts'
import type { ArchiveFigures } from './figures.ts'
import type { Preferences } from './prefs.ts'
import { retract } from './retraction.ts'
import { searchableText } from './searching.ts'
import type { UserArchiveSettings } from './settings.ts'
import type { ArchiveStore } from './store.ts'

/** What archiving needs. */
export interface Archiving {
  readonly host: Host
  readonly store: ArchiveStore
  /** Undefined when users have no choice. */
  readonly prefs: Preferences | undefined
  readonly settings: UserArchiveSettings
  readonly figures: ArchiveFigures
}

/** The sender's archive; for `userSend`. */
export function archiveSent(archiving: Archiving, delivery: Delivery): Verdict | Promise<Verdict> {
  const { from, to } = delivery
  if (delivery.stanza.name !== 'message') return undefined
  const owner = from.bare
  // S60: the sender's archive has not seen this message before, whatever the sender says.
  const message = stripStanzaIds(delivery.stanza, owner.toString())
  // What one sends to oneself is archived once, as received.
  if (to.bare.equals(owner) || !isArchivable(message, 'O', archiving.settings)) return message
  return when(wants(archiving, owner, to), (wanted) => {
    if (!wanted) return message
    const id = archiveId(delivery.receivedAt)
    return when(keep(archiving, delivery, { owner, remote: to, direction: 'O', id, message }), () => message)
  })
}

/** The recipient's archive; for `userReceive`. */
export function archiveReceived(archiving: Archiving, delivery: Delivery): Verdict | Promise<Verdict> {
  const { from, to } = delivery
  if (delivery.stanza.name !== 'message') return undefined
  const { host, settings } = archiving
  const owner = to.bare
  const given = delivery.stanzaId
  // S60, XEP-0359 §4 rule 3: also of a message that is not archived; one with an id of ours has no others.
  const message = given === undefined ? stripStanzaIds(delivery.stanza, owner.toString()) : delivery.stanza
  if (!isArchivable(message, 'I', settings)) return message
  return when(wants(archiving, owner, from), (wanted) => {
    if (!wanted) return message
    // Ids that differ do not tell one archive's owner what is in the other.
    const id = given ?? archiveId(settings.same_mam_id_for_peers ? delivery.receivedAt : host.clock.micros())
    const told = given !== undefined || settings.no_stanzaid_element
    const known = told ? message : message.append(stanzaId(id, owner))
    const place = { owner, remote: from, direction: 'I', id, message: known } as const
    delivery.archived = true
    return when(keep(archiving, delivery, place), () => known)
  })
}

const stanzaId = (id: bigint, owner: Jid): Element => StanzaId({ id: encodeId(id), by: owner })

function wants({ prefs }: Archiving, owner: Jid, remote: Jid): boolean | Promise<boolean> {
  return prefs === undefined || prefs.wants(owner, remote)
}

/** Where a message goes. */
interface Place {
  readonly owner: Jid
  readonly remote: Jid
  readonly direction: Direction
  readonly id: bigint
  readonly message: Element
}

function keep(archiving: Archiving, delivery: Delivery, place: Place): void | Promise<void> {
  const { host, store, settings, figures } = archiving
  const began = host.clock.monotonic()
  const groupchat = messageType(place.message) === 'groupchat'
  const searchable = settings.full_text_search ? searchableText(place.message) : null
  const { stored } = figures
  delivery.keep(...store.keep({ ...place, from: delivery.from, groupchat, searchable, stored }))
  figures.archived.value++
  figures.archiveTime.observe((host.clock.monotonic() - began) * 1000)
  const retraction = settings.message_retraction ? parseRetraction(place.message) : undefined
  if (retraction === undefined) return
  const { owner, remote, direction } = place
  const id = place.message.attr('id')
  const retracting = { owner, remote, direction, retraction, id, stamp: delivery.receivedAt }
  return retract(store, retracting).then((writes) => delivery.keep(...writes))
}
