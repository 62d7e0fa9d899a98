/**
 * Puts messages into the archives of sender and recipient (XEP-0313 §6.1). The rows go into the unit of the delivery: a message is archived
 * before anyone receives it, or refused.
 *
 * Both filters stand at `normal`. Filters that refuse (privacy, blocking) stand at `early`, so that what they refuse is never kept; what works
 * with the message as it will be read (inbox, events) stands at `late` and sees its stanza-id. A filter that refuses after this one takes the
 * rows with it, since nothing of a refused delivery is committed.
 */
import { type Jid, type Retraction, StanzaId, messageType, parseRetraction, stripStanzaIds } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type Delivery, type Host, type Verdict } from '../../core/module.ts'
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
  return ifWanted(wants(archiving, owner, to), archiving, delivery, message, keepSent)
}

function keepSent(archiving: Archiving, delivery: Delivery, message: Element): Element | Promise<Element> {
  const { from, to, receivedAt } = delivery
  return keep(archiving, delivery, message, { owner: from.bare, remote: to, direction: 'O', id: archiveId(receivedAt) })
}

/** The recipient's archive; for `userReceive`. */
export function archiveReceived(archiving: Archiving, delivery: Delivery): Verdict | Promise<Verdict> {
  const { from, to } = delivery
  if (delivery.stanza.name !== 'message') return undefined
  const owner = to.bare
  // S60, XEP-0359 §4 rule 3: also of a message that is not archived; one with an id of ours has no others.
  const message = delivery.stanzaId === undefined ? stripStanzaIds(delivery.stanza, owner.toString()) : delivery.stanza
  if (!isArchivable(message, 'I', archiving.settings)) return message
  return ifWanted(wants(archiving, owner, from), archiving, delivery, message, keepReceived)
}

function keepReceived(archiving: Archiving, delivery: Delivery, message: Element): Element | Promise<Element> {
  const { host, settings } = archiving
  const { from, to, stanzaId: given } = delivery
  const owner = to.bare
  // Ids that differ do not tell one archive's owner what is in the other.
  const id = given ?? archiveId(settings.same_mam_id_for_peers ? delivery.receivedAt : host.clock.micros())
  const told = given !== undefined || settings.no_stanzaid_element
  const known = told ? message : message.append(stanzaId(id, owner))
  delivery.archived = true
  return keep(archiving, delivery, known, { owner, remote: from, direction: 'I', id })
}

type Keep = (archiving: Archiving, delivery: Delivery, message: Element) => Element | Promise<Element>

// What most messages go through has no closures: a function with one makes room for what it needs each time it is called.

/** Keeps the message if its owner wants that. */
function ifWanted(
  wanted: boolean | Promise<boolean>,
  archiving: Archiving,
  delivery: Delivery,
  message: Element,
  keeping: Keep,
): Element | Promise<Element> {
  if (wanted instanceof Promise) return ifWantedLate(wanted, archiving, delivery, message, keeping)
  return wanted ? keeping(archiving, delivery, message) : message
}

async function ifWantedLate(
  wanted: Promise<boolean>,
  archiving: Archiving,
  delivery: Delivery,
  message: Element,
  keeping: Keep,
): Promise<Element> {
  return (await wanted) ? keeping(archiving, delivery, message) : message
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
}

/** Adds the message to what the delivery keeps, and returns it. */
function keep(archiving: Archiving, delivery: Delivery, message: Element, place: Place): Element | Promise<Element> {
  const { store, settings, figures } = archiving
  const { owner, remote, direction, id } = place
  const sample = figures.sample()
  const groupchat = messageType(message) === 'groupchat'
  const searchable = settings.full_text_search ? searchableText(message) : null
  const { from } = delivery
  const stored = sample?.stored ?? figures.stored
  delivery.keep(...store.keep({ owner, id, direction, from, remote, message, groupchat, searchable, stored }))
  figures.archived.value++
  sample?.handedIn()
  const retraction = settings.message_retraction ? parseRetraction(message) : undefined
  return retraction === undefined ? message : keepTombstone(archiving, delivery, message, place, retraction)
}

/** Adds the tombstone of what the message retracts. */
async function keepTombstone(
  { store }: Archiving,
  delivery: Delivery,
  message: Element,
  { owner, remote, direction }: Place,
  retraction: Retraction,
): Promise<Element> {
  const id = message.attr('id')
  const stamp = delivery.receivedAt
  delivery.keep(...(await retract(store, { owner, remote, direction, retraction, id, stamp })))
  return message
}
