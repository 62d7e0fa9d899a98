/** Which messages belong into an archive (XEP-0313 §6.1.1, XEP-0334 §4; as in MongooseIM). */
import {
  Body,
  Delay,
  MamResult,
  MamResultV1,
  StoreHint,
  chatMarker,
  forbidsArchiving,
  messageType,
  parseRetraction,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'

/** What an operator can choose. */
export interface ArchivingRules {
  readonly archive_chat_markers: boolean
  readonly archive_groupchats: boolean
}

/** What the message is to the owner of the archive. */
export type Direction = 'I' | 'O'

/** Whether a message belongs into the archive of its sender (`O`) or its recipient (`I`). */
export function isArchivable(message: Element, direction: Direction, rules: ArchivingRules): boolean {
  switch (messageType(message)) {
    case 'error':
    case 'headline':
      return false
    case 'groupchat':
      // What a room sends holds what its occupants said, the owner included.
      if (!rules.archive_groupchats || direction === 'O') return false
      break
    case 'chat':
    case 'normal':
  }
  if (Delay.in(message) !== undefined || forbidsArchiving(message) || isArchiveResult(message)) return false
  return hasContent(message, rules)
}

function hasContent(message: Element, rules: ArchivingRules): boolean {
  if (Body.in(message) !== undefined || StoreHint.in(message) !== undefined) return true
  if (parseRetraction(message) !== undefined) return true
  return rules.archive_chat_markers && chatMarker(message) !== undefined
}

/**
 * Whether an archive has sent the message to answer a query. An archive speaks with its owner's bare JID; from anyone with a resource it is
 * somebody's text (S54).
 */
function isArchiveResult(message: Element): boolean {
  if (MamResult.in(message) === undefined && MamResultV1.in(message) === undefined) return false
  return message.attr('from')?.includes('/') !== true
}
